"""Bluesky, through Jetstream: every public post as it is written, at no cost."""
