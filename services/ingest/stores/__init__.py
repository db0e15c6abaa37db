"""The store of ingest, all of its ports on one SQLite file or one MongoDB database."""
