"""Posts for tests: a good one, to be spoiled field by field."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def a_post(number: int = 1, author_id: str = "42", **changes: Any) -> dict[str, Any]:
    """Return a post that is taken; `changes` replace its fields."""
    post: dict[str, Any] = {
        "platform": "x",
        "post_id": f"post-{number}",
        "author": {"id": author_id, "followers": 1234, "created_at": "2020-01-31T00:00:00Z"},
        "text": f"@aerolume thank you, flight {number} was great",
        "created_at": "2026-02-24T11:35:52-08:00",
        "likes": 7,
    }
    return post | changes
