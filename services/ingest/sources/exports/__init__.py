"""The copies of their own posts and comments that people get from Instagram and Facebook, as a file source."""
