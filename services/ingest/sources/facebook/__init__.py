"""Facebook: the posts of pages and the comments under them, through the Graph API."""
