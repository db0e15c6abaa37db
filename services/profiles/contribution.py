"""What a counted post added, as versions before 0.3 kept it: read once more, by the migrations of both stores."""

from collections.abc import Mapping
from typing import Any

from services.profiles.encoding import from_document
from services.profiles.folding import Increment, one_hour

_REACTIONS = ("likes", "reposts", "replies", "repost_posts", "reply_posts")
_ONE_OF = {"label": "labels", "language": "languages", "category": "categories"}


def from_contribution(short: Mapping[str, Any]) -> Increment:
    """Return the increment of the post whose short form this is, or, of a still earlier version, the whole one."""
    if "hours" in short:
        return from_document(short)
    hour, score, subjectivity = short["hour"], short.get("score"), short.get("subjectivity")
    counts: dict[str, Any] = {counts: {short[name]: 1} if name in short else {} for name, counts in _ONE_OF.items()}
    return Increment(
        posts=1,
        scored_posts=int(score is not None),
        score_sum=score or 0,
        score_squares=(score or 0) ** 2,
        subjectivity_posts=int(subjectivity is not None),
        subjectivity_sum=subjectivity or 0,
        first_seen=hour,
        last_seen=hour,
        hours=one_hour(hour),
        figures={name: (hour, value) for name, value in short.get("figures", {}).items()},
        platform=short["platform"],
        key_version=short["key_version"],
        **{name: short.get(name, 0) for name in _REACTIONS},
        **counts,
    )
