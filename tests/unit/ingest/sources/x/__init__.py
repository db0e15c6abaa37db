"""X: its stream, its search, its replies."""
