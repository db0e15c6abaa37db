"""A local stand-in for the X API v2: unmodified clients talk to it over TLS, posts and faults come to order."""
