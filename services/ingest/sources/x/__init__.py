"""X, by tweepy: the filtered stream, recent search, replies."""
