"""What a brand has, out of the store and back: CSV and JSON lines for people, Parquet for backups."""
