"""X's post ids, which order posts by when they were made, and how far a brand's posts were delivered."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from services.ingest.sources.base import SourceRefusedError

EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
WORKER_BITS: Final = 22
"""The lower bits: which machine made the id, and its count within the millisecond."""
_MILLISECOND: Final = timedelta(milliseconds=1)


def first_id(moment: datetime) -> int:
    """Return the least id that could be made at `moment`, which has a zone; 0 before there were such ids."""
    return max(0, (moment - EPOCH) // _MILLISECOND) << WORKER_BITS


def earlier(post_id: int, seconds: float) -> int:
    """Return the least id of `seconds` before `post_id` was made; never below 0."""
    return max(0, (post_id >> WORKER_BITS) - int(seconds * 1000)) << WORKER_BITS


def moment_of(post_id: int) -> datetime:
    """Return when an id of at most 63 bits was made, to the millisecond."""
    return EPOCH + (post_id >> WORKER_BITS) * _MILLISECOND


VERSION: Final = 1
AHEAD: Final = timedelta(minutes=10)
"""How far our clock may be behind X's."""
_MOST: Final = 2**63


@dataclass(frozen=True, repr=False)
class XCursor:
    """Ids that say what needs no reading again.

    Every post with an id up to `since` was delivered. A catch-up of search, which reads the queries one after
    another and each from its newest post down, may be under way: of query number `query` it has delivered down to
    `until` (None: nothing yet), of the queries before it everything; once it is through, every post up to `top`
    (None: unknown) was delivered. `rules` tells which queries those numbers meant.
    """

    since: int
    top: int | None = None
    query: int = 0
    until: int | None = None
    rules: str = ""

    def written(self) -> str:
        """Return the cursor as text; ids are strings in it, as X writes them."""
        told = {name: str(value) for name, value in asdict(self).items() if value is not None}
        return json.dumps({"v": VERSION, **told}, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return a cursor that was written; raises SourceRefusedError for anything else."""
        try:
            told = json.loads(text)
            if isinstance(told, dict) and told.pop("v", None) == VERSION:
                rules = str(told.pop("rules", ""))
                numbers = {name: int(value) for name, value in told.items()}
                if all(0 <= value < _MOST for value in numbers.values()):
                    return cls(**numbers, rules=rules)
        except (ValueError, TypeError, RecursionError):
            pass
        raise SourceRefusedError("the stored cursor is none of X's; delete the stream and create it again")

    def not_ahead(self, latest: int) -> Self:
        """Return where to go on with posts up to the id `latest`: a clock that ran ahead named what is beyond."""
        return self if self.since <= latest else replace(self, since=latest, top=None, query=0, until=None)

    def resumed(self, rules: str) -> Self:
        """Return where to go on with these rules: a catch-up of others begins anew from `since`."""
        if rules == self.rules:
            return self
        return replace(self, top=None, query=0, until=None, rules=rules)

    def finished(self) -> Self:
        """Return the cursor after the catch-up is through."""
        return replace(self, since=max(self.since, self.top or 0), top=None, query=0, until=None)


def is_plausible(number: int | None, now: datetime) -> bool:
    """Tell whether an id can be of a post that there is: one from the future must not make later posts look old."""
    return number is not None and number < first_id(now + AHEAD)
