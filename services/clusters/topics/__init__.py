"""What posts are about: topics of a brand or of one of its clusters, by two methods."""
