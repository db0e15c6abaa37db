"""The posts of a brand as profiles tells them: read for a run, never kept."""

from services.clusters.posts.post_columns import PostTable, UnreadablePostsError
from services.clusters.posts.post_sample import read_named, read_posts

__all__ = ["PostTable", "UnreadablePostsError", "read_named", "read_posts"]
