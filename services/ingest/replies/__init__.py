"""Replies to posts, and tickets: off by default, under a person's control, sent at most once."""
