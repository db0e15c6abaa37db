"""One page of a list at the Graph API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Page:
    """Its items, the cursor of the next page (None at the end), and how many items were no objects."""

    items: list[dict[str, Any]]
    after: str | None
    unread: int = 0


def page_of(value: Mapping[str, Any]) -> Page:
    """Read an answer as a page.

    The next page is asked for by its cursor: the address in `paging.next` would carry the token. Facebook gives
    a cursor on the last page too, and then no `next`.
    """
    found = value.get("data")
    items = found if isinstance(found, list) else []
    objects = [item for item in items if isinstance(item, dict)]
    paging = value.get("paging")
    return Page(objects, _after(paging) if items and isinstance(paging, dict) else None, len(items) - len(objects))


def _after(paging: Mapping[str, Any]) -> str | None:
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after and paging.get("next") else None
