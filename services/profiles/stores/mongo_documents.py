"""The documents of the MongoDB store, its indexes, and how values become documents and come back.

`posts` has a document for each known key: with text and analysis until they expire, then with the author alone, and of
a removed post with neither. The analysis is JSON, since the name of a category may be what no document's key may be.
`brand` stands in a post that is not expired, and in a profile that has posts: searches by brand look for it.
`profiles` also keeps up to when a removed author's posts are gone. The hour that is now is written by every delivery of
a brand, so buckets and totals have a document for each of a few shards, which are joined when they are read.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from bson import Decimal128

from services.profiles.author_sketch import AuthorSketch
from services.profiles.embedding import Embeddings, EmbeddingSum
from services.profiles.encoding import from_body, from_bucket, from_document, to_body, to_bucket, to_document
from services.profiles.feature_record import to_record
from services.profiles.folding import UNIT, Increment, adds_of
from services.profiles.kept import KeptPost
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.rollup import BucketKey, Rollup
from services.profiles.stores.mongo_numbers import added, narrowed, whole, widened
from services.profiles.stores.state import NEVER, Arrival, Counted, EmbeddedPosts, KnownAuthor, ShardedKey
from shared.analyzed_post import AnalyzedPost

Document = dict[str, Any]
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
CONTENT: Final = ("body", "text", "embedding", "hour", "voice", "shard", "stored_at", "brand")
"""What a post loses when its time is over."""
NO_EMBEDDINGS: Final = {"embeddings": 0, "record": 0}
"""For readings of profiles without the sums of their embeddings, most of their bytes, and without their record."""
SUMS: Final = ("score_sum", "score_squares", "subjectivity_sum", "likes", "reposts", "replies")
BUCKET_SUMS: Final = ("score_sum", "likes", "reposts", "replies")
"""What may outgrow 64 bits in a profile and in a bucket."""
TOTALLED: Final = ("posts", "scored_posts", "score_sum")
TOTALLED_COUNTS: Final = ("labels", "languages")

INDEXES: Final[list[tuple[str, list[tuple[str, int]], Document]]] = [
    ("profiles", [("brand", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("posts", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("changed", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("first_seen", 1)], {}),
    ("profiles", [("brand", 1), ("last_seen", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("mean_rising", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("mean_falling", 1), ("author_key", 1)], {}),
    ("profiles", [("brand", 1), ("languages.name", 1)], {}),
    ("profiles", [("removed", 1), ("_id", 1)], {"partialFilterExpression": {"removed": {"$exists": True}}}),
    ("rollups", [("brand", 1), ("span", 1), ("start", 1)], {}),
    ("totals", [("brand", 1)], {}),
    ("posts", [("profile", 1), ("hour", 1), ("_id", 1), ("voice", 1)], {"sparse": True}),
    ("posts", [("stored_at", 1)], {"sparse": True}),
    (
        "posts",
        [("brand", 1), ("hour", 1), ("_id", 1), ("voice", 1)],
        {"partialFilterExpression": {"brand": {"$exists": True}}},
    ),
    (
        "posts",
        [("brand", 1), ("_id", 1), ("hour", 1)],
        {"partialFilterExpression": {"brand": {"$exists": True}}},
    ),
    ("assignments", [("profile", 1), ("run_id", 1)], {}),
    ("assignments", [("brand", 1), ("basis", 1), ("run_id", 1), ("cluster", 1), ("profile", 1)], {}),
    ("published_runs", [("brand", 1)], {}),
    ("assigned_runs", [("brand", 1)], {}),
    ("brand_changes", [("at", 1)], {}),
]


def of_brand(brand: str, after: str | None = None) -> Document:
    """Return the condition on ids that belong to a brand, after one of its keys."""
    return {"$gt": f"{brand}|{after or ''}", "$lt": f"{brand}}}"}


def key_of(identifier: str) -> str:
    """Return what follows the brand in the id of a post or a profile."""
    return identifier.partition("|")[2]


def to_post(brand: str, one: Arrival, shard: int) -> Document:
    """Return the document of a counted post."""
    post, body = one.post, to_body(one.post)
    document: Document = {
        "_id": f"{brand}|{post.post_key}",
        "profile": f"{brand}|{post.author_key}",
        "brand": brand,
        "key_version": post.key_version,
        "hour": one.adds.first_seen,
        "voice": post.voice,
        "shard": shard,
        "stored_at": one.stored_at,
    }
    if (text := body.pop("text", None)) is not None:
        document["text"] = text
    document["body"] = _COMPACT.encode(body)
    if one.embedding is not None:
        document["embedding"] = one.embedding
    return document


def from_post(document: Mapping[str, Any]) -> AnalyzedPost:
    """Return the post of a document that has its analysis, with text and embedding where they were read."""
    body = json.loads(document["body"])
    if "text" in document:
        body["text"] = document["text"]
    return from_body(body, document.get("embedding"))


def to_counted(document: Mapping[str, Any]) -> Counted:
    """Return what the post of a document added, and where."""
    post, embedding = from_post(document), document.get("embedding")
    return Counted(post.voice, document["shard"], adds_of(post, embedding))


def to_kept(document: Mapping[str, Any]) -> KeptPost:
    """Return the post of a document as a backup has it."""
    post_key, key_version = key_of(document["_id"]), document["key_version"]
    if "profile" not in document:
        return KeptPost(post_key, None, key_version)
    author_key = key_of(document["profile"])
    if "body" not in document:
        return KeptPost(post_key, author_key, key_version)
    return KeptPost(post_key, author_key, key_version, document["stored_at"], from_post(document))


def to_profile(brand: str, author_key: str, author: KnownAuthor, changed: int) -> Document | None:
    """Return the document of an author whose last change has a number; None where there is nothing to keep."""
    document: Document = {"_id": f"{brand}|{author_key}"}
    if author.folded.posts:
        folded = author.folded
        sums = [
            {"version": version, "posts": total.posts, "sums": total.sums}
            for version, total in folded.embeddings.items()
        ]
        profile = Profile(brand, author_key, folded)
        names = {"brand": brand, "author_key": author_key, "embeddings": sums, "changed": changed}
        document |= {**names, **widened(to_document(folded), SUMS), **sort_fields(profile)}
        document["record"] = to_record(profile, changed)
    if author.remnants:
        document["remnants"] = author.remnants
    if author.through > NEVER:
        document |= {"removed": brand, "through": author.through}
    return document if len(document) > 1 else None


def to_author(document: Mapping[str, Any] | None, *, erased: bool = False) -> KnownAuthor:
    """Return the author of a document, or of none."""
    if document is None:
        return KnownAuthor(erased=erased)
    return KnownAuthor(folded_of(document), document.get("remnants", 0), document.get("through", NEVER), erased)


def folded_of(document: Mapping[str, Any]) -> Increment:
    """Return what a profile's document holds, with the sums of embeddings where they were read."""
    return from_document(narrowed(document, SUMS), _embeddings(document)) if "posts" in document else UNIT


def to_rollup(brand: str, place: ShardedKey, rollup: Rollup) -> Document:
    """Return the document of a bucket."""
    key, shard = place
    names = {"brand": brand, "voice": key.voice, "span": key.span, "start": key.start, "shard": shard}
    sketch = {"theta": rollup.authors.theta, "authors": rollup.authors.numbers}
    return {"_id": bucket_id(brand, place), **names, **widened(to_bucket(rollup), BUCKET_SUMS), **sketch}


def from_rollup(document: Mapping[str, Any]) -> Rollup:
    """Return what a bucket's document holds."""
    return from_bucket(
        narrowed(document, BUCKET_SUMS), AuthorSketch(bytes(document["authors"]), int(document["theta"]))
    )


def sharded_key(document: Mapping[str, Any]) -> ShardedKey:
    """Return which bucket a document is, and of which shard."""
    return BucketKey(document["voice"], document["span"], document["start"]), document["shard"]


def bucket_id(brand: str, place: ShardedKey) -> str:
    """Return the id of a bucket's document."""
    key, shard = place
    return f"{brand}|{key.voice}|{key.span}|{key.start}|{shard}"


def totals_change(
    profiles: int, more: Increment, less: Increment, embedded: Mapping[str, EmbeddedPosts]
) -> dict[str, int | Decimal128]:
    """Return by how much a change moves the fields of a brand's totals."""
    change: dict[str, int] = {"profiles": profiles}
    for version, one in embedded.items():
        change[f"embeddings.{_field(version)}.posts"] = one.posts
    for name in TOTALLED:
        change[name] = getattr(more, name) - getattr(less, name)
    for name in TOTALLED_COUNTS:
        before, after = getattr(less, name), getattr(more, name)
        for key in {*before, *after}:
            change[f"{name}.{_field(key)}"] = after.get(key, 0) - before.get(key, 0)
    return {name: added(number) for name, number in change.items() if number}


def latest_change(embedded: Mapping[str, EmbeddedPosts]) -> dict[str, int]:
    """Return what the hours of the latest posts of embedding versions in a brand's totals are raised to."""
    return {f"embeddings.{_field(version)}.latest": one.latest for version, one in embedded.items()}


def embedded_of(totals: Mapping[str, Any]) -> dict[str, EmbeddedPosts]:
    """Return the posts with an embedding of each version, as a document of totals counts them."""
    return {
        unquote(key[1:]): EmbeddedPosts(whole(one.get("posts", 0)), one.get("latest", NEVER))
        for key, one in totals.get("embeddings", {}).items()
    }


def totalled_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of a document of totals by their names."""
    return {unquote(key[1:]): whole(number) for key, number in counts.items()}


def _field(name: str) -> str:
    """Return a name as a document's key: without dots, and never empty or a word of the server's."""
    return "=" + quote(name, safe="").replace(".", "%2E")


def _embeddings(document: Mapping[str, Any]) -> Embeddings:
    return {one["version"]: EmbeddingSum(one["posts"], bytes(one["sums"])) for one in document.get("embeddings", ())}
