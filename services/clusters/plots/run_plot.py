"""The plots of one run by name, with what draws them."""

import numpy as np

from services.clusters.plots.alluvial import alluvial
from services.clusters.plots.author_map import author_map
from services.clusters.plots.heat_map import heat_map
from services.clusters.plots.plot import Plot
from services.clusters.plots.plotted_run import PlotName, PlottedRun
from services.clusters.plots.scores import elbow, silhouettes, sizes


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
