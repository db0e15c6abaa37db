"""Where streams and what was spent on them are kept."""
