"""Profiles as numbers: one page of the feature matrix as an Arrow IPC stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from services.profiles.arrow import stream_of
from services.profiles.embedding import EmbeddingSpace, EmbeddingSum, means_of
from services.profiles.feature_record import RECORD, author_keys_of, columns_of

THROUGH_KEY: Final = "last_change"
VERSION_KEY: Final = "embedding_version"
"""Keys of the stream's metadata; the second is absent where no embedding is told."""


@dataclass(frozen=True, slots=True)
class ChangedSpan:
    """Profiles whose last change has a number after `after` (of equal numbers, after an author) up to `through`."""

    after: int
    author_key: str
    through: int


@dataclass(frozen=True, slots=True)
class NamedAuthors:
    """These authors, those of them who have a profile."""

    author_keys: Sequence[str]


Beginning = str | ChangedSpan
"""Where a page begins: after an author, or in a span of changes."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Some profiles: their records one after another, see `feature_record`.

    `embeddings` are those of the version that was asked for, by author; others have none.
    """

    records: bytes
    embeddings: Mapping[str, EmbeddingSum] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many profiles there are."""
        return len(self.records) // RECORD.itemsize

    @property
    def author_keys(self) -> list[str]:
        """Return whose they are, in order."""
        return author_keys_of(self.records)

    def first(self, count: int) -> "FeatureRows":
        """Return no more than so many of the rows."""
        return FeatureRows(self.records[: count * RECORD.itemsize], self.embeddings)

    def last(self) -> tuple[int, str]:
        """Return the number of the last row's change, and its author."""
        record = self.records[-RECORD.itemsize :]
        return int(np.frombuffer(record, RECORD)["changed"][0]), author_keys_of(record)[0]


def arrow_stream(
    rows: FeatureRows, through: int, use: EmbeddingSpace | None = None, *, embeddings: bool = False
) -> bytes:
    """Return a stream with one row a profile, in the given order; null is unknown. Not compressed.

    Scores and subjectivities are in [0, 1], `negative`, `neutral` and `positive` count scored posts, the
    account's figures are as of the latest post that told them, `languages` counts distinct ones, `hours` has the
    posts of each UTC hour of day, `changed` is the number of the profile's last change. With `embeddings` come the
    mean of the author's embeddings of one version, the number of posts that it is of, and the version. The metadata
    tell that version, and `through`, the number up to which the pages have every change.
    """
    columns = columns_of(rows.records) | (_embedding_columns(rows, use) if embeddings else {})
    metadata = {THROUGH_KEY: str(through), **({VERSION_KEY: use.version} if use and embeddings else {})}
    batch = pa.RecordBatch.from_pydict(columns, metadata=metadata)
    return stream_of(batch)


def _embedding_columns(rows: FeatureRows, use: EmbeddingSpace | None) -> dict[str, pa.Array]:
    dimensions = use.dimensions if use else 0
    kind = pa.list_(pa.float32(), dimensions)
    sums = [rows.embeddings.get(author_key) for author_key in rows.author_keys]
    known = np.array([one is not None for one in sums], dtype=bool)
    means = np.zeros((len(sums), dimensions), dtype=np.float32)
    means[known] = means_of([one for one in sums if one], dimensions)
    return {
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(means.ravel()), type=kind, mask=pa.array(~known))
        if dimensions
        else pa.nulls(len(sums), kind),
        "embedding_posts": pa.array([one.posts if one else 0 for one in sums], type=pa.int64()),
        "embedding_version": pa.array([use.version if one and use else None for one in sums], type=pa.string()),
    }
