"""The plots of one run by name: which there are, and each as a picture. Called in a worker process."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.clusters.cards.cluster import Cluster, ClusterCard, told
from services.clusters.fits.score import KScore
from services.clusters.plots.alluvial import alluvial
from services.clusters.plots.author_map import author_map
from services.clusters.plots.heat_map import heat_map
from services.clusters.plots.plot import Plot, PlotFormat, render
from services.clusters.plots.scores import elbow, silhouettes, sizes


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


def plot_of(run: PlottedRun, name: PlotName) -> Plot | None:
    """Return a plot of a run; None where the run has not what it shows."""
    cards = run.cards
    names = {card.id: card.name for card in cards}
    if name is PlotName.SIZES:
        return sizes(cards)
    if name is PlotName.FEATURES:
        return heat_map(cards)
    if name is PlotName.MAP and run.points is not None and run.homes is not None:
        shown = np.isin(run.homes, list(names))
        return author_map(run.points[shown], run.homes[shown], names)
    if name is PlotName.LINEAGE and run.flows is not None:
        return alluvial(run.flows, run.names_before or {}, names)
    if name in {PlotName.ELBOW, PlotName.SILHOUETTE} and run.scores:
        return elbow(run.scores, run.k) if name is PlotName.ELBOW else silhouettes(run.scores, run.k)
    return None


def draw(_advance: object, run: PlottedRun, name: PlotName, form: PlotFormat) -> bytes | None:
    """Return a plot as a picture, None where the run has not what it shows."""
    plot = plot_of(run, name)
    return None if plot is None else render(plot, form)


def alternative_texts(_advance: object, run: PlottedRun) -> dict[str, tuple[str, str]]:
    """Return title and description of each plot that the run has."""
    found = {name.value: plot_of(run, name) for name in PlotName}
    return {name: (plot.title, plot.alt) for name, plot in found.items() if plot is not None}
