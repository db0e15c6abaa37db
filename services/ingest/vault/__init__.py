"""The vault: the few raw ids that ingest cannot do without, encrypted, each with an expiry."""
