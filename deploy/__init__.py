"""Checks of what stands in this folder: `python -m deploy.validate_manifests`."""
