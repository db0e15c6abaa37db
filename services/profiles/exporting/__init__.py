"""What a brand has, handed out as CSV, JSON lines or Parquet, in constant memory."""
