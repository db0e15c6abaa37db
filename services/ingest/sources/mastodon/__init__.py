"""Mastodon and what speaks its API: one server's public stream, and its hashtag timelines."""
