"""Live streams and backfills: kept in the store, run by one replica each."""
