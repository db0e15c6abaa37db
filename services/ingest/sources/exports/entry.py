"""One post or comment of an export, and the post that it becomes."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from shared.analyzed_post import Platform

UNKNOWN_POST: Final = "unknown"
"""What a comment of an export replies to: exports do not tell the ids of posts."""


class UnknownFormError(ValueError):
    """An item is of a form that is not known."""


@dataclass(frozen=True, repr=False)
class Entry:
    """What an item of an export says; `seconds` since 1970 as the export has it, `place` what else tells it apart."""

    kind: Literal["post", "comment"]
    text: str
    seconds: Any
    place: Any = None

    def as_post(self, platform: Platform, owner: str) -> dict[str, Any]:
        """Return the post in the form that `POST /v1/posts` takes.

        Exports tell no ids of posts. The id made here is the same each time the same export, or a later one of
        the same account, is read. It is not the platform's own: a post that a live source gave too counts twice.
        """
        told = "\0".join((platform, owner, self.kind, repr(self.seconds), repr(self.place), self.text))
        post: dict[str, Any] = {
            "platform": platform,
            "post_id": f"export:{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}",
            "author": {"id": owner},
            "text": self.text,
            "created_at": _time(self.seconds),
        }
        if self.kind == "comment":
            post["in_reply_to"] = UNKNOWN_POST
        return post


def _time(seconds: Any) -> Any:
    """Return RFC 3339; what is no moment is passed on for the service to reject by name."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return seconds
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return seconds
