"""The bundled sample: posts about invented airlines, as JSON Lines.

Its lines are the posts of `POST /v1/posts`, all meant for the brand `BRAND`. Names, accounts, ids, numbers and texts
are made up; none comes from a data set.
"""

from pathlib import Path
from typing import Final

BRAND: Final = "aerolume"


def sample_path() -> Path:
    """Return where the shipped file lies: gzipped JSON Lines, one post a line, oldest first."""
    return Path(__file__).with_name("posts.jsonl.gz")
