"""What people praise and blame: aspects of a brand in posts that carry an opinion. Pure."""
