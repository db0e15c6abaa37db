"""The port below the small stores: documents with a few declared indexes, in SQLite or MongoDB."""
