"""What a store keeps of a brand, as rows that another store can take over: backups, and the way between stores."""

from dataclasses import dataclass

from services.profiles.profile import Profile
from services.profiles.rollup import BucketKey, Rollup
from shared.analyzed_post import AnalyzedPost


@dataclass(frozen=True, slots=True)
class KeptPost:
    """A post that is known: counted, or (without an author) removed for good.

    `post` is there until its text and analysis expire; `stored_at` (Unix seconds) is from when that is counted.
    """

    post_key: str
    author_key: str | None
    key_version: int
    stored_at: int | None = None
    post: AnalyzedPost | None = None


@dataclass(frozen=True, slots=True)
class KeptProfile:
    """A profile with its published clusters, and how many of its posts were taken out without their figures."""

    profile: Profile
    remnants: int = 0


@dataclass(frozen=True, slots=True)
class KeptBucket:
    """An hour or a day of one voice."""

    key: BucketKey
    rollup: Rollup


@dataclass(frozen=True, slots=True)
class RemovedAuthor:
    """An author whose posts up to an hour (Unix seconds) are gone and stay gone."""

    author_key: str
    through: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of posts by date begins: after the post of that hour (Unix seconds) and key."""

    hour: int
    post_key: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Posts with text and analysis out of a stretch of time: all `posts_in_all` of them, or a fair sample."""

    posts: list[AnalyzedPost]
    posts_in_all: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed of one brand: counted posts, texts with their analysis, clusters assigned."""

    brand: str
    posts: int
    texts: int
    assignments: int
