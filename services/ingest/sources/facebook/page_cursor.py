"""How far each page and the comments under each of its posts were read."""

import json
from datetime import UTC, datetime
from typing import Any, Final

WATCHED: Final = 400
"""Posts whose comments are looked for, the latest of all pages together; with their ids a cursor has room for them."""
_MAX_ID: Final = 80


class PageCursor:
    """Reads and writes the cursor; `comments` knows of a post its change mark and the time of its newest comment."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, to the second as Facebook tells times."""
        self.start = start.replace(microsecond=0)
        self.newest: dict[str, datetime] = {}
        self.comments: dict[str, tuple[str, datetime]] = {}

    @classmethod
    def read(cls, words: str | None, start: datetime) -> "PageCursor":
        """Read a stored cursor; begin at `start` where there is none or it is none of ours."""
        cursor = cls(start)
        try:
            value: Any = json.loads(words or "null")
            cursor.start = _moment(value["start"])
            cursor.newest = {str(page): _moment(seconds) for page, seconds in value["newest"].items()}
            cursor.comments = {
                str(post): (str(mark), _moment(seconds)) for post, (mark, seconds) in value["comments"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            return cls(start)
        return cursor

    def reach(self, page: str, moment: datetime, now: datetime) -> None:
        """Say that `page` was read up to `moment`; one that lies ahead of `now` (a wrong clock) counts as now."""
        self.newest[page] = max(self.newest.get(page, self.start), min(moment, now))

    def has_read(self, post_id: str, mark: str, newest: datetime) -> None:
        """Say that the comments under a post were read while its change mark was `mark`."""
        self.comments.pop(post_id, None)
        if len(post_id) <= _MAX_ID:
            self.comments[post_id] = (mark, newest)
        if len(self.comments) > WATCHED:
            del self.comments[next(iter(self.comments))]

    def keep(self, watched: set[str]) -> None:
        """Forget the comments under posts that are watched no more."""
        self.comments = {post: known for post, known in self.comments.items() if post in watched}

    def write(self) -> str:
        """Return the cursor as text."""
        value = {
            "start": int(self.start.timestamp()),
            "newest": {page: int(moment.timestamp()) for page, moment in self.newest.items()},
            "comments": {post: [mark, int(moment.timestamp())] for post, (mark, moment) in self.comments.items()},
        }
        return json.dumps(value, separators=(",", ":"))


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
