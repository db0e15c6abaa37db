"""Streams: kept, run, taken over, shown."""
