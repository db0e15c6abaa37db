"""Posts with their texts, in pages by key: as stores read them, and as an Arrow IPC stream for other services."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import structlog
from pydantic_core import from_json

from services.profiles.arrow import stream_of
from services.profiles.embedding import SCALE, EmbeddingSpace
from services.profiles.encoding import from_body

log = structlog.get_logger(__name__)

FLOAT_BYTES: Final = 4
ENTITIES: Final = pa.list_(pa.struct([("text", pa.string()), ("type", pa.string())]))
_DAMAGED: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What a damaged body raises, Arrow's errors of wrong values among them."""


@dataclass(frozen=True, slots=True)
class StoredText:
    """A post that is not expired, as it is stored: its body is JSON, its embedding whole 127ths.

    `hour` is in Unix seconds. `text` is None where the body has it, or where there is none.
    """

    post_key: str
    author_key: str
    hour: int
    body: str | bytes
    text: str | None
    embedding: bytes | None

    @property
    def size(self) -> int:
        """Return about how many bytes it takes in an answer."""
        return len(self.body) + len(self.text or "") + FLOAT_BYTES * len(self.embedding or b"")


@dataclass(frozen=True, slots=True)
class TextPage:
    """Posts by key, as many as fit; with `more` others follow after the last of them."""

    posts: Sequence[StoredText]
    more: bool


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Posts of hours from `start` up to before `end` (Unix seconds), by key, after the key `after`.

    Of `post_keys` those alone, where they are given. A page has no more than `limit` posts, and ends with the one that
    brings it to `most_bytes`.
    """

    start: int
    end: int
    after: str = ""
    limit: int = 1000
    most_bytes: int = 2**23
    embeddings: bool = False
    post_keys: Sequence[str] | None = None

    def page_of(self, found: Iterable[StoredText]) -> TextPage:
        """Return those of the posts that fit; asks for no more than one that does not."""
        posts: list[StoredText] = []
        taken = 0
        for one in found:
            if len(posts) == self.limit or taken >= self.most_bytes:
                return TextPage(posts, more=True)
            posts.append(one)
            taken += one.size
        return TextPage(posts, more=False)


@dataclass(slots=True)
class _Row:
    stored: StoredText
    body: Mapping[str, Any]
    analysis: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.analysis = self.body["analysis"]

    def part(self, feature: str, name: str) -> Any:
        found = self.analysis.get(feature)
        return None if found is None else found[name]


def arrow_texts(posts: Sequence[StoredText], space: EmbeddingSpace | None = None) -> bytes:
    """Return a stream with one row a post, in the given order; null is unknown. CPU work, some 20 µs a post.

    `hour` is the hour of publication, `label` and `score` (0 to 1) its sentiment, `entities` have text and type.
    `is_unknown` marks posts whose author the network does not tell. With a `space` come `embedding`, null for posts
    whose embedding is of another version, and `embedding_version`. A post that cannot be read is left out and logged.
    """
    try:
        batch = _batch([_Row(one, from_json(one.body)) for one in posts], space)
    except _DAMAGED:
        batch = _batch([_Row(one, from_json(one.body)) for one in posts if _is_readable(one)], space)
    return stream_of(batch)


def _is_readable(stored: StoredText) -> bool:
    try:
        from_body(from_json(stored.body), None)
    except _DAMAGED:
        log.warning("store.row_unreadable", table="analyzed_post")
        return False
    return True


def _batch(rows: Sequence[_Row], space: EmbeddingSpace | None) -> pa.RecordBatch:
    strings = partial(pa.array, type=pa.string())
    truths = partial(pa.array, type=pa.bool_())
    columns = {
        "post_key": strings([row.stored.post_key for row in rows]),
        "author_key": strings([row.stored.author_key for row in rows]),
        "hour": pa.array([row.stored.hour for row in rows], type=pa.timestamp("s", tz="UTC")),
        "platform": strings([row.body["platform"] for row in rows]),
        "voice": strings([row.body.get("voice", "external") for row in rows]),
        "is_repost": truths([row.body.get("is_repost", False) for row in rows]),
        "is_unknown": truths([row.body.get("author_is_unknown", False) for row in rows]),
        "language": strings([row.part("language", "code") for row in rows]),
        "supported_language": truths([row.analysis.get("supported_language", True) for row in rows]),
        "text": strings([row.body.get("text") if row.stored.text is None else row.stored.text for row in rows]),
        "label": strings([row.part("sentiment", "label") for row in rows]),
        "score": pa.array([_finite(row.part("sentiment", "score")) for row in rows], type=pa.float64()),
        "category": strings([row.part("category", "label") for row in rows]),
        "entities": pa.array([_entities(row.analysis) for row in rows], type=ENTITIES),
    }
    if space is not None:
        columns |= _embedding_columns(rows, space)
    return pa.RecordBatch.from_pydict(columns)


def _finite(score: Any) -> float | None:
    return score if score is None or math.isfinite(score) else None


def _entities(analysis: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"text": one["text"], "type": one["type"]} for one in analysis.get("entities") or ()]


def _embedding_columns(rows: Sequence[_Row], space: EmbeddingSpace) -> dict[str, pa.Array]:
    """Return the embeddings of one version, whole 127ths made numbers, and the versions."""
    told = [_embedding(row, space) for row in rows]
    known = np.array([one is not None for one in told], dtype=bool)
    numbers = np.zeros((len(rows), space.dimensions), dtype=np.float32)
    if known.any():
        whole = np.frombuffer(b"".join(one for one in told if one is not None), dtype=np.int8)
        numbers[known] = whole.reshape(-1, space.dimensions).astype(np.float32) / np.float32(SCALE)
    kind = pa.list_(pa.float32(), space.dimensions)
    versions = [space.version if one else None for one in known]
    return {
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(numbers.ravel()), type=kind, mask=pa.array(~known))
        if space.dimensions
        else pa.nulls(len(rows), kind),
        "embedding_version": pa.array(versions, type=pa.string()),
    }


def _embedding(row: _Row, space: EmbeddingSpace) -> bytes | None:
    embedding = row.stored.embedding
    if embedding is None or len(embedding) != space.dimensions or row.body.get("embedding_version") != space.version:
        return None
    return embedding
