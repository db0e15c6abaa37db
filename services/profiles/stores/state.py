"""What a rule of the store asks for, is given, and wants written: plain values, the same for every adapter.

A rule is a generator. It yields what it wants to know, is sent what was loaded, and returns what is to be saved along
with its answer. It reads and writes nothing itself; so each rule is written once, and an adapter runs it inside one
transaction, where loading and saving are the adapter's. A transaction that is made again begins with a fresh rule.
"""

from collections import Counter
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from services.profiles.embedding import EmbeddingSum, all_quantised
from services.profiles.folding import LATEST, UNIT, Increment, adds_of
from services.profiles.rollup import BucketKey, Rollup
from shared.analyzed_post import AnalyzedPost, Voice

NEVER: Final = -LATEST
TOMBSTONE: Final = ""
"""The author of a post that is removed, or was never to come."""
FIRST_SHARD: Final = 0
"""Where buckets and posts of a backup go, so that the ones are found with the others."""

Part = Literal["profiles", "buckets"]
"""What a backup may bring of a brand: its posts then add nothing to it."""
ShardedKey = tuple[BucketKey, int]
"""A bucket's key and the number of the shard; a store without shards has the first alone."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A post, the moment it was stored at (Unix seconds), its embedding as stores keep it, and what it adds."""

    post: AnalyzedPost
    stored_at: int
    embedding: bytes | None
    adds: Increment


@dataclass(frozen=True, slots=True)
class Counted:
    """A counted post whose analysis has not expired: where its figures are, and what it added."""

    voice: Voice
    shard: int
    adds: Increment


@dataclass(frozen=True, slots=True)
class KnownAuthor:
    """An author towards a brand: the profile, and what keeps posts out of it.

    Posts up to the hour `through` are gone, and all of an author who is `erased`. `remnants` of the profile's posts
    were taken out of it, but for their figures.
    """

    folded: Increment = UNIT
    remnants: int = 0
    through: int = NEVER
    erased: bool = False


@dataclass(frozen=True, slots=True)
class PostsOf:
    """Those of an author's counted posts that have an analysis: by key, or of some hours, and no more than `limit`."""

    author_key: str
    post_keys: Collection[str] | None = None
    hours: Collection[int] | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule must know of a brand: see `Loaded` for what each of these brings."""

    post_keys: Collection[str] = ()
    authors: Collection[str] = ()
    posts: Sequence[PostsOf] = ()
    hours: Collection[str] = ()
    buckets: Collection[BucketKey] = ()
    every_shard: bool = False
    buckets_after: ShardedKey | Literal["first"] | None = None
    lengths: Collection[str] = ()
    parts: bool = False
    assignments: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is there, as of the transaction.

    `known` has the author (or TOMBSTONE) of each post key that is known. `authors` has all that were asked for.
    `posts` are by author and key. `hours` counts for an author the posts that have an analysis, by voice
    and hour. Of `buckets` the missing ones are missing; `shard` is where this store adds to them. `parts` are those
    that a backup brought, `present` those of which the brand has any. `assignments` counts those of one author.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    authors: Mapping[str, KnownAuthor] = field(default_factory=dict)
    posts: Mapping[str, dict[str, Counted]] = field(default_factory=dict)
    hours: Mapping[str, Counter[tuple[Voice, int]]] = field(default_factory=dict)
    buckets: dict[ShardedKey, Rollup] = field(default_factory=dict)
    shard: int = FIRST_SHARD
    lengths: Mapping[str, int] = field(default_factory=dict)
    parts: Collection[Part] = ()
    present: Collection[Part] = ()
    assignments: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddedPosts:
    """How many posts with an embedding of one version come (below nought: go), and the hour of the latest of them."""

    posts: int
    latest: int


@dataclass(slots=True)
class Changes:
    """What is to be written, all of it or nothing.

    `tombstones` are post keys that were not known, with the version of their pseudonym key; `keys` are posts known by
    key and author alone. `posts` are new, all with one shard for their buckets. `buried` are known posts, by author,
    that become tombstones; those that are `expired` lose text and analysis alone. `authors` has each changed author
    before and after; `profiles`, `more` and `less` are what that changes in the brand's totals. A bucket without posts
    is no longer there. `forgotten` authors leave nothing of themselves in the brand. `alone` says that no other write
    to the brand may go on at the same time.
    """

    tombstones: list[tuple[str, int]] = field(default_factory=list)
    keys: list[tuple[str, str, int]] = field(default_factory=list)
    posts: Sequence[Arrival] = ()
    posts_shard: int = FIRST_SHARD
    buried: dict[str, list[str]] = field(default_factory=dict)
    expired: dict[str, list[str]] = field(default_factory=dict)
    authors: dict[str, tuple[KnownAuthor, KnownAuthor]] = field(default_factory=dict)
    profiles: int = 0
    more: Increment = UNIT
    less: Increment = UNIT
    buckets: dict[ShardedKey, Rollup] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    clusters: dict[str, Mapping[str, int]] = field(default_factory=dict)
    erased: Sequence[str] = ()
    forgotten: list[str] = field(default_factory=list)
    alone: bool = False

    @property
    def changes_profiles(self) -> bool:
        """Tell whether any profile comes, changes or goes."""
        return any(after.folded is not before.folded for before, after in self.authors.values())

    def embedded(self) -> dict[str, EmbeddedPosts]:
        """Return what this changes in how many posts the brand's profiles have of each embedding version."""
        posts, latest = Counter[str](), dict[str, int]()
        if self.posts:
            hours = [(one.post.embedding_version, one.adds.first_seen) for one in self.posts if one.adds.embeddings]
            for version, hour in hours:
                if version is not None:
                    latest[version] = max(latest.get(version, NEVER), hour)
            # Posts of a backup add nothing to the profiles that it brought.
            posts.update(version for version, _ in hours if version is not None and self.authors)
        for before, after in () if self.posts else self.authors.values():
            old, new = before.folded.embeddings, after.folded.embeddings
            for version in {*old, *new} if old is not new else ():
                whole, part = new.get(version, _NO_POSTS).posts, old.get(version, _NO_POSTS).posts
                posts[version] += whole - part
                if not part:
                    latest[version] = max(latest.get(version, NEVER), after.folded.last_seen)
        return {name: EmbeddedPosts(posts[name], latest.get(name, NEVER)) for name in {*posts, *latest}}


_NO_POSTS: Final = EmbeddingSum(0, b"")
NOTHING: Final = Changes()
Rule = Generator[Wanted, Loaded, tuple[Changes, Result]]


def arrivals(posts: Sequence[AnalyzedPost], stored_at: Sequence[int]) -> list[Arrival]:
    """Return posts made ready, the first of each key; `stored_at` has a moment for each. CPU work."""
    first: dict[str, tuple[AnalyzedPost, int]] = {}
    for post, moment in zip(posts, stored_at, strict=True):
        first.setdefault(post.post_key, (post, moment))
    embeddings = _quantised([post for post, _ in first.values()])
    return [
        Arrival(post, moment, embedding := embeddings.get(post.post_key), adds_of(post, embedding))
        for post, moment in first.values()
    ]


def _quantised(posts: Sequence[AnalyzedPost]) -> dict[str, bytes]:
    """Return the embeddings of posts that have one, by key: those of one length at once."""
    by_length: dict[int, list[AnalyzedPost]] = {}
    for post in posts:
        if post.analysis.embedding is not None:
            by_length.setdefault(len(post.analysis.embedding), []).append(post)
    return {
        post.post_key: embedding
        for alike in by_length.values()
        for post, embedding in zip(alike, all_quantised([post.analysis.embedding or [] for post in alike]), strict=True)
    }
