"""Where category sets are kept: one contract, on SQLite and on MongoDB."""
