"""Profiles: what is known of each author towards a brand, folded from analyzed posts, each counted once."""
