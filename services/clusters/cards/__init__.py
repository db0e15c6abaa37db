"""What is told of each cluster. Pure."""
