"""Offline: fine-tunes, exports and measures the model that the service runs. Needs the extra `train`."""
