"""Backups taken back: Parquet files as the export writes them, checked whole, then restored."""
