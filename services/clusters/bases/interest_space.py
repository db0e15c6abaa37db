"""Where authors lie by what they write about: made of the mean embeddings of their posts. Pure."""

from collections import Counter
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

_NO_LENGTH = 1e-9


@dataclass(frozen=True)
class AuthorEmbeddings:
    """The mean embeddings of a table's authors.

    `versions` has each author's embedding version, "" without an embedding that points anywhere.
    """

    table: pa.Table
    versions: NDArray[np.str_]

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table; raises CannotTrainError where it lacks a column."""
        check_columns(table, COLUMNS)
        told = table["embedding_version"].to_pylist()
        lengths = _lengths(table)
        named = [version or "" if length > _NO_LENGTH else "" for version, length in zip(told, lengths, strict=True)]
        return cls(table, np.array(named, dtype=np.str_))

    def commonest_version(self) -> str | None:
        """Return the version that most authors have, of equally common ones the last by name; None without any."""
        counts = Counter(version for version in self.versions.tolist() if version)
        return max(counts, key=lambda version: (counts[version], version), default=None)

    def vectors(self, places: NDArray[np.int64]) -> Floats:
        """Return (places, numbers) of authors that have an embedding."""
        return _vectors(self.table.take(pa.array(places)))


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

    def rows(self, vectors: Floats) -> Floats:
        """Return (authors, dimensions)."""
        with one_thread():
            placed: Floats = (_directions(_directions(vectors) - self.centre) - self.middle) @ self.components.T
        return placed


def _directions(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > _NO_LENGTH, lengths, 1.0)


def _lengths(table: pa.Table) -> Floats:
    """Return the length of each author's embedding, 0 where there is none or it holds what is not a number."""
    lengths = np.zeros(len(table))
    there = np.flatnonzero(table["embedding"].is_valid().to_numpy())
    if there.size:
        squares = np.square(_vectors(table.take(pa.array(there)))).sum(axis=1)
        lengths[there] = np.sqrt(np.where(np.isfinite(squares), squares, 0.0))
    return lengths


def _vectors(table: pa.Table) -> Floats:
    column = table["embedding"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    if not pa.types.is_fixed_size_list(column.type):
        raise CannotTrainError("profiles' embeddings are not lists of one size; update profiles")
    values = column.flatten().to_numpy(zero_copy_only=False)
    vectors: Floats = values.astype(np.float64).reshape(-1, column.type.list_size)
    return vectors
