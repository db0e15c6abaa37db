"""Which posts were handed over lately, and from when on they are wanted: for lists that are looked at repeatedly."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

REMEMBERED: Final = 20_000
"""Ids of one source; about 2 MB."""
OVERLAP: Final = timedelta(hours=1)
"""How far behind the newest post a later look still takes posts: lists are not in strict order, posts appear late."""


class Seen:
    """Remembers ids, the oldest forgotten first. What is forgotten comes twice, which harms nothing."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, post_id: str) -> bool:
        """Tell whether `post_id` was not seen before, and remember it."""
        if post_id in self._ids:
            return False
        self._ids[post_id] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return True


def wanted_from(start: datetime, newest: datetime | None) -> datetime:
    """Return the time of the oldest post that a look takes: the start, later the newest less the overlap."""
    return start if newest is None else max(start, newest - OVERLAP)
