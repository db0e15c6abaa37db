"""Increments, posts and rollups as the plain documents that both stores keep."""

from collections.abc import Iterable, Mapping
from operator import attrgetter, itemgetter
from typing import Any

from services.profiles.author_sketch import AuthorSketch
from services.profiles.embedding import Embeddings, dequantised, quantised
from services.profiles.folding import COUNTED, PLAIN, SELDOM, Counts, Increment
from services.profiles.rollup import COUNTED as BUCKET_COUNTED
from services.profiles.rollup import PLAIN as BUCKET_PLAIN
from services.profiles.rollup import Rollup, Scored
from shared.analyzed_post import AnalyzedPost

_PLAIN_VALUES = attrgetter(*PLAIN)
_PLAIN_OF = itemgetter(*PLAIN)
_EMBEDDING: Any = {"analysis": {"embedding"}}


def to_document(increment: Increment) -> dict[str, Any]:
    """Return the increment as JSON types, without the embeddings, which are bytes.

    Counts are lists of `{name, posts}`: a category may be called what no document's key may be called,
    and a list can be indexed by name.
    """
    document: dict[str, Any] = dict(zip(PLAIN, _PLAIN_VALUES(increment), strict=True))
    for name in COUNTED:
        document[name] = to_counts(getattr(increment, name))
    document["hours"] = increment.hours
    document["figures"] = increment.figures
    for name in SELDOM:
        if getattr(increment, name):
            document[name] = True
    return document


def from_document(document: Mapping[str, Any], embeddings: Embeddings | None = None) -> Increment:
    """Return the increment that `to_document` wrote, with its embeddings; other keys are passed over."""
    plain: dict[str, Any] = dict(zip(PLAIN, _PLAIN_OF(document), strict=True))
    counts: dict[str, Any] = {name: from_counts(document[name]) for name in COUNTED}
    seldom: dict[str, Any] = {name: True for name in SELDOM if name in document}
    return Increment(
        **plain,
        **counts,
        hours=tuple(document["hours"]),
        figures={name: (hour, value) for name, (hour, value) in document["figures"].items()},
        embeddings=embeddings or {},
        **seldom,
    )


def to_counts(counts: Counts) -> list[dict[str, Any]]:
    """Return counts as a list of `{name, posts}`."""
    return [{"name": name, "posts": posts} for name, posts in counts.items()]


def from_counts(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return the counts that `to_counts` wrote."""
    return {item["name"]: item["posts"] for item in items}


def to_body(post: AnalyzedPost) -> dict[str, Any]:
    """Return a post with its analysis as JSON types, without the embedding, which is bytes of its own."""
    body: dict[str, Any] = post.model_dump(mode="json", exclude_defaults=True, exclude=_EMBEDDING)
    return body


def to_body_text(post: AnalyzedPost) -> str:
    """Return what `to_body` returns, as JSON."""
    return post.model_dump_json(exclude_defaults=True, exclude=_EMBEDDING)


def to_embedding(post: AnalyzedPost) -> bytes | None:
    """Return the post's embedding as stores keep it, None where it has none."""
    return quantised(post.analysis.embedding) if post.analysis.embedding is not None else None


def from_body(body: Mapping[str, Any], embedding: bytes | None) -> AnalyzedPost:
    """Return the post that `to_body` and `to_embedding` wrote: it adds to a profile just what it added before.

    Where no embedding is given the post is one without, even if it had one.
    """
    if embedding is not None:
        body = {**body, "analysis": {**body["analysis"], "embedding": dequantised(embedding)}}
    elif "embedding_version" in body:
        body = {name: value for name, value in body.items() if name != "embedding_version"}
    return AnalyzedPost.model_validate(body)


def to_bucket(rollup: Rollup) -> dict[str, Any]:
    """Return the rollup as JSON types, without the sketch of authors, which is bytes and a threshold of its own."""
    document: dict[str, Any] = {name: getattr(rollup, name) for name in BUCKET_PLAIN}
    for name in BUCKET_COUNTED:
        document[name] = to_counts(getattr(rollup, name))
    document["categories"] = [
        {"name": name, "posts": scored.posts, "scored_posts": scored.scored_posts, "score_sum": scored.score_sum}
        for name, scored in rollup.categories.items()
    ]
    return document


def from_bucket(document: Mapping[str, Any], authors: AuthorSketch) -> Rollup:
    """Return the rollup that `to_bucket` wrote, with its sketch of authors; other keys are passed over."""
    plain: dict[str, Any] = {name: document[name] for name in BUCKET_PLAIN}
    counts: dict[str, Any] = {name: from_counts(document[name]) for name in BUCKET_COUNTED}
    categories = {
        item["name"]: Scored(item["posts"], item["scored_posts"], item["score_sum"]) for item in document["categories"]
    }
    return Rollup(**plain, **counts, categories=categories, authors=authors)
