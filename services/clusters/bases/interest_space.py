"""Where authors lie by what they write about: made of the mean embeddings of their posts. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.bases.basis import CannotTrainError
from services.clusters.bases.matrix import Floats, check_columns
from shared.one_thread import one_thread

COLUMNS = ["embedding", "embedding_version"]
"""What is read of the table: the mean embedding of an author's posts, null where there is none, and its version."""

DIMENSIONS = 12
"""So many principal components are kept (`python -m bench.interests` tells why)."""

CHUNK = 20_000
"""Authors whose embeddings are read at a time."""

_NO_LENGTH = 1e-9


@dataclass(frozen=True)
class AuthorEmbeddings:
    """The mean embeddings of a table's authors.

    `versions` has each author's embedding version, "" for one without an embedding that points anywhere.
    """

    column: pa.ChunkedArray
    versions: NDArray[np.str_]

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table; raises CannotTrainError where it lacks a column."""
        check_columns(table, COLUMNS)
        column = table["embedding"]
        if not pa.types.is_fixed_size_list(column.type):
            raise CannotTrainError("profiles' embeddings are not lists of one size; update profiles")
        told = table["embedding_version"].to_pylist()
        pointing = np.concatenate([_pointing(part) for part in _parts(column)] or [np.zeros(0, np.bool_)])
        named = [version or "" if points else "" for version, points in zip(told, pointing.tolist(), strict=True)]
        return cls(column, np.array(named, dtype=np.str_))

    def commonest_version(self) -> str | None:
        """Return the version that most authors have, of equally common ones the last by name; None without any."""
        counts = Counter(version for version in self.versions.tolist() if version)
        return max(counts, key=lambda version: (counts[version], version), default=None)

    def vectors(self, places: NDArray[np.int64]) -> Floats:
        """Return (places, numbers) of authors that have an embedding."""
        return _vectors(self.column.take(pa.array(places)).combine_chunks())


@dataclass(frozen=True)
class InterestSpace:
    """Directions of authors' mean embeddings, about what all authors have in common, in few dimensions.

    `version` is that of the embeddings, `centre` (numbers,) the mean of the fitted authors' directions, `middle`
    (numbers,) the mean after centring and scaling to length 1, `components` (dimensions, numbers) orthonormal.
    """

    version: str
    centre: Floats
    middle: Floats
    components: Floats

    @classmethod
    def fitted_on(cls, vectors: Floats, version: str, dimensions: int = DIMENSIONS) -> Self:
        """Return the space of (authors, numbers); it has fewer dimensions where few authors differ.

        Each author counts as a direction, however much they wrote; the mean direction of all, which tells nothing
        of anyone, is taken away and what is left is a direction again, so that authors who write about several
        things are not all drawn to the middle. The principal components are those of the covariance, by an
        eigendecomposition on one thread; each is given the sign that makes its largest number positive.
        """
        units = _directions(vectors)
        centre = units.mean(axis=0)
        rest = _directions(units - centre)
        middle = rest.mean(axis=0)
        with one_thread():
            values, axes = np.linalg.eigh((rest - middle).T @ (rest - middle) / max(1, len(rest)))
        kept = min(dimensions, int((values > _NO_LENGTH).sum()))
        components = axes[:, ::-1][:, :kept].T
        signs = np.sign(components[np.arange(kept), np.abs(components).argmax(axis=1)])
        return cls(version, centre, middle, components * signs[:, None])

    def rows(self, embeddings: AuthorEmbeddings) -> Floats:
        """Return (authors, dimensions), nought for authors without an embedding of the space's version."""
        places = np.flatnonzero(embeddings.versions == self.version).astype(np.int64)
        rows = np.zeros((len(embeddings.versions), len(self.components)))
        with one_thread():
            for first in range(0, len(places), CHUNK):
                chunk = places[first : first + CHUNK]
                rows[chunk] = self.placed(embeddings.vectors(chunk))
        return rows

    def placed(self, vectors: Floats) -> Floats:
        """Return (vectors, dimensions) of vectors (vectors, numbers)."""
        rest = _directions(_directions(vectors) - self.centre)
        placed: Floats = (rest - self.middle) @ self.components.T
        return placed


def _directions(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > _NO_LENGTH, lengths, 1.0)


def _parts(column: pa.ChunkedArray) -> Iterator[pa.FixedSizeListArray]:
    """Return a column cut into parts of at most `CHUNK` authors: what is computed of each stays small."""
    for chunk in column.chunks:
        for first in range(0, len(chunk), CHUNK):
            yield chunk.slice(first, CHUNK)


def _pointing(part: pa.FixedSizeListArray) -> NDArray[np.bool_]:
    """Tell of each embedding whether it has a length: one that is null, nought or no number points nowhere."""
    there = part.is_valid().to_numpy(zero_copy_only=False)
    squares = np.square(_vectors(part)).sum(axis=1)
    pointing = np.zeros(len(part), dtype=np.bool_)
    pointing[there] = np.isfinite(squares) & (squares > _NO_LENGTH**2)
    return pointing


def _vectors(embeddings: pa.FixedSizeListArray) -> Floats:
    """Return (embeddings that are not null, numbers)."""
    kept = embeddings.drop_null()
    numbers = kept.flatten().to_numpy(zero_copy_only=False)
    vectors: Floats = numbers.astype(np.float64).reshape(len(kept), embeddings.type.list_size)
    return vectors
