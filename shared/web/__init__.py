"""Web plumbing that every service shares: the only part of `shared` that knows FastAPI."""
