"""The author of a post whose network does not say who wrote it."""

from typing import Any, Final

UNKNOWN_AUTHOR: Final = "unknown"
"""The one id of every author that is not told, per platform.

Instagram's hashtag search names no authors, and Facebook names those of comments only to a page's token with the
right permission. Such posts count for the brand (volume, sentiment), but they say nothing of any person. An author
made up for each post would turn ten thousand posts into ten thousand people, who would swamp every cluster, and
would pass the rule of five people with one person's posts. So they all fold into one profile per platform, which is
nobody's: at most one row among many, and known by its key, which ingest can compute, so that it can be left out.
"""


def author_of(value: Any) -> dict[str, Any]:
    """Return the author of a Graph API object's `from`: its id alone, `UNKNOWN_AUTHOR` where there is none.

    Facebook's ids of people differ from page to page: one person at two pages is two authors.
    """
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return {"id": found if isinstance(found, str) and found.strip() else UNKNOWN_AUTHOR}
