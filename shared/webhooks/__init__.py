"""Signed deliveries to addresses outside: tried again with growing waits, never by two replicas at a time."""
