"""The sandbox of X."""
