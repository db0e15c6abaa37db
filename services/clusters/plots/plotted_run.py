"""What a run's plots are made of, and how they are called."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.clusters.cards.cluster import Cluster, ClusterCard, told
from services.clusters.fits.score import KScore

MEDIA_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}


class PlotFormat(StrEnum):
    """The form of a picture."""

    SVG = "svg"
    PNG = "png"


class PlotName(StrEnum):
    """What is drawn."""

    ELBOW = "elbow"
    SILHOUETTE = "silhouette"
    MAP = "map"
    SIZES = "sizes"
    FEATURES = "features"
    LINEAGE = "lineage"


@dataclass(frozen=True)
class PlottedRun:
    """What a run's plots are made of.

    `points`, (authors, 2), and `homes`, (authors,), are its map, None where it has none. `flows` counts authors by
    their clusters in the run before and in this one, None where there is none; `names_before` names those of then.
    """

    k: int
    scores: list[KScore]
    clusters: list[Cluster]
    points: NDArray[np.float32] | None = None
    homes: NDArray[np.int64] | None = None
    flows: dict[tuple[int, int], int] | None = None
    names_before: dict[int, str] | None = None

    @property
    def cards(self) -> list[ClusterCard]:
        """The clusters that are described."""
        return [card for card in told(self.clusters) if isinstance(card, ClusterCard)]
