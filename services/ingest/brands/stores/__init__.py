"""Where brands are kept: one contract, on SQLite and on MongoDB."""
