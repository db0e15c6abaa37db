"""Brands: what is listened for, how each platform is asked for it, and which posts count."""
