"""Files of rows and columns: CSV in its many forms, Parquet, and what both do with names of columns."""
