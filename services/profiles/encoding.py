"""An increment as the plain document that both stores keep."""

from collections.abc import Mapping
from typing import Any

from services.profiles.folding import Counts, Increment

_PLAIN = (
    "posts",
    "scored_posts",
    "score_sum",
    "score_squares",
    "subjectivity_posts",
    "subjectivity_sum",
    "likes",
    "reposts",
    "replies",
    "repost_posts",
    "reply_posts",
    "first_seen",
    "last_seen",
    "platform",
    "key_version",
)
_COUNTS = ("labels", "languages", "categories")


def to_document(increment: Increment) -> dict[str, Any]:
    """Return the increment as JSON types.

    Counts are lists of `{name, posts}`: a category may be called what no document's key may be called,
    and a list can be indexed by name.
    """
    document: dict[str, Any] = {name: getattr(increment, name) for name in _PLAIN}
    for name in _COUNTS:
        counts: Counts = getattr(increment, name)
        document[name] = [{"name": key, "posts": posts} for key, posts in counts.items()]
    document["hours"] = list(increment.hours)
    document["figures"] = {name: list(figure) for name, figure in increment.figures.items()}
    return document


def from_document(document: Mapping[str, Any]) -> Increment:
    """Return the increment that `to_document` wrote; other keys are passed over."""
    plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
    counts: dict[str, Any] = {name: {item["name"]: item["posts"] for item in document[name]} for name in _COUNTS}
    return Increment(
        **plain,
        **counts,
        hours=tuple(document["hours"]),
        figures={name: (hour, value) for name, (hour, value) in document["figures"].items()},
    )
