"""Writes the bundled sample again: `python -m services.ingest.sample`."""

import sys

from services.ingest.sample import sample_path
from services.ingest.sample.generator import compress, encode, make_posts


def main() -> None:
    """Make the posts and replace the shipped file with them."""
    posts = make_posts()
    size = sample_path().write_bytes(compress(encode(posts)))
    sys.stdout.write(f"{len(posts)} posts by {len({post['author']['id'] for post in posts})} authors, {size} bytes\n")


if __name__ == "__main__":
    main()
