"""A run's authors as points in a plane, without a key: what a map of the clusters is drawn from. Pure."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.fits.map_points import MapPoints

MOST_POINTS: Final = 5_000
"""A map of more authors shows a seeded sample of them: more points hide one another."""
_DIGITS: Final = 4

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class RunMap:
    """`places` (points, 2) and `clusters` (points,), in an order that tells nothing of the authors."""

    places: Floats
    clusters: Ids

    @classmethod
    def of(cls, found: MapPoints, seed: int) -> Self:
        """Return the map that is kept of a training's points."""
        chosen = np.random.default_rng(seed).permutation(len(found.points))[:MOST_POINTS]
        places: Floats = found.points[chosen].astype(np.float64)
        return cls(places.round(_DIGITS), found.clusters[chosen])

    def told(self, clusters: set[int]) -> Self:
        """Return the points of these clusters alone."""
        shown = np.isin(self.clusters, sorted(clusters))
        return type(self)(self.places[shown], self.clusters[shown])

    def to_bytes(self) -> bytes:
        """Return the points as an Arrow stream."""
        table = pa.table({"x": self.places[:, 0], "y": self.places[:, 1], "cluster": self.clusters})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        content: bytes = sink.getvalue().to_pybytes()
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` gave; raises ValueError where it is anything else."""
        with pa.ipc.open_stream(content) as stream:
            table = stream.read_all()
        places = np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()])
        return cls(places, table["cluster"].to_numpy())
