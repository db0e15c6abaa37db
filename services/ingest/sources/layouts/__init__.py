"""Posts in JSON as tools and networks write them, each layout told by its shape."""
