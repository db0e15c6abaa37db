"""What a company offers, which clusters would care for it, and how each cluster is reached."""
