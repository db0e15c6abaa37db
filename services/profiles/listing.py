"""Which profiles a list holds, in which order, and where a page of it begins."""

from dataclasses import dataclass
from enum import StrEnum

from services.profiles.profile import Basis, Profile

_ABOVE_EVERY_SCORE = 2.0
_BELOW_EVERY_SCORE = -1.0


class Sort(StrEnum):
    """What a list is sorted by; `author_key` settles ties, in the same direction."""

    POSTS = "posts"
    MEAN_SCORE = "mean_score"
    LAST_SEEN = "last_seen"
    AUTHOR_KEY = "author_key"


class Order(StrEnum):
    """The direction of a list."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class ClusterFilter:
    """Profiles that the published run of a basis put into one cluster."""

    basis: Basis
    cluster: int


@dataclass(frozen=True, slots=True)
class Position:
    """The last profile of the page before: its sort value and its key."""

    value: str | float
    author_key: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Up to `limit` profiles of a brand after a position.

    Filters: at least `min_posts`, last seen at or after `since` (Unix seconds), at least one post in
    `language`, in a cluster.
    """

    brand: str
    limit: int
    sort: Sort = Sort.AUTHOR_KEY
    order: Order = Order.ASC
    after: Position | None = None
    min_posts: int = 1
    since: int | None = None
    language: str | None = None
    cluster: ClusterFilter | None = None


def sort_field(sort: Sort, order: Order) -> str:
    """Return the stored field that a list goes by.

    Profiles without a scored post come last in both directions, so mean scores have a field for each.
    """
    if sort is not Sort.MEAN_SCORE:
        return sort.value
    return "mean_rising" if order is Order.ASC else "mean_falling"


def sort_fields(profile: Profile) -> dict[str, float]:
    """Return the derived fields that stores keep beside a profile to sort by."""
    mean = profile.mean_score
    return {
        "mean_rising": _ABOVE_EVERY_SCORE if mean is None else mean,
        "mean_falling": _BELOW_EVERY_SCORE if mean is None else mean,
    }


def position_of(profile: Profile, sort: Sort, order: Order) -> Position:
    """Return where the page after `profile` begins."""
    values: dict[str, str | float] = {
        "posts": profile.folded.posts,
        "last_seen": profile.folded.last_seen,
        "author_key": profile.author_key,
        **sort_fields(profile),
    }
    return Position(values[sort_field(sort, order)], profile.author_key)
