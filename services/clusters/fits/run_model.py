"""A trained run as it is kept: what places any author in one of its clusters. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.bases.author_row import AuthorRow
from services.clusters.bases.fitted import FittedBasis, packed, unpacked
from services.clusters.bases.matrix import Floats

Ids = NDArray[np.int64]

UNPLACED = -1
"""The cluster of an author of whom the basis knows too little; real ids begin at 0."""

_CHUNK = 4096


@dataclass(frozen=True)
class RunModel:
    """A fitted basis and the clusters in it.

    `centroids` (k, dimensions), `cluster_ids` (k,), `spread` (k,): the mean distance of the training's members to
    their centroid, against which the distances of later authors are held.
    """

    fitted: FittedBasis
    centroids: Floats
    cluster_ids: Ids
    spread: Floats

    @classmethod
    def of(cls, fitted: FittedBasis, rows: Floats, ids: Ids) -> Self:
        """Return the model of a training: `rows` (authors, dimensions), `ids` (authors,) of their clusters.

        The centroids are the means of the members, in the order of the ids.
        """
        cluster_ids = np.unique(ids)
        centroids = np.stack([rows[ids == cluster].mean(axis=0) for cluster in cluster_ids])
        away = [
            np.linalg.norm(rows[ids == cluster] - centroid, axis=1).mean()
            for cluster, centroid in zip(cluster_ids, centroids, strict=True)
        ]
        return cls(fitted, centroids, cluster_ids.astype(np.int64), np.array(away))

    @property
    def embedding_version(self) -> str | None:
        """Return the version of the embeddings that can be placed; None where none are compared."""
        return self.fitted.embedding_version

    def assign(self, table: pa.Table) -> tuple[Ids, Floats]:
        """Return each author's cluster and their distance to its centroid, in the table's order.

        That is the nearest centroid, the first of equally near ones. An author of whom the basis knows too
        little (no embedding of the run's version) gets `UNPLACED` and NaN. Raises CannotTrainError where columns lack.
        """
        nearest, distances = self._nearest(self.fitted.rows(table))
        placeable = self.fitted.placeable(table)
        return np.where(placeable, self.cluster_ids[nearest], UNPLACED), np.where(placeable, distances, np.nan)

    def assign_rows(self, told: Sequence[AuthorRow]) -> tuple[Ids, Floats]:
        """Return what `assign` does of authors whom a caller tells by their features; raises CannotTrainError."""
        nearest, distances = self._nearest(self.fitted.rows_of(told))
        return self.cluster_ids[nearest], distances

    def to_bytes(self) -> bytes:
        """Return all of it as numpy's archive, without pickles."""
        return packed(
            {
                "fitted": np.frombuffer(self.fitted.to_bytes(), dtype=np.uint8),
                "centroids": self.centroids,
                "cluster_ids": self.cluster_ids,
                "spread": self.spread,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` gave; raises ValueError where it is anything else."""
        arrays = unpacked(content)
        try:
            fitted = FittedBasis.from_bytes(arrays["fitted"].tobytes())
            return cls(fitted, arrays["centroids"], arrays["cluster_ids"], arrays["spread"])
        except KeyError as error:
            raise ValueError("these bytes are no model of a run") from error

    def _nearest(self, rows: Floats) -> tuple[Ids, Floats]:
        nearest, distances = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
        for first in range(0, len(rows), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            away = np.linalg.norm(rows[chunk, None] - self.centroids, axis=2)
            nearest[chunk] = away.argmin(axis=1)
            distances[chunk] = away.min(axis=1)
        return nearest, distances
