"""The map of the authors in two dimensions, with the hull of each cluster."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from services.clusters.plots.plot import GREYS, INK, LINES, MARKERS, Plot, label, listed
from shared.small_groups import LEAST_PEOPLE

_CORE = 0.9
"""Of each cluster the hull holds this share, nearest to its middle: one far author would stretch it over others."""
_MOST_POINTS = 20_000
"""More are drawn as every n-th: they would cover one another."""
_CORNERS = 3


def author_map(points: NDArray[np.float32], clusters: NDArray[np.int64], names: Mapping[int, str]) -> Plot:
    """Return the map of `points`, (authors, 2), by cluster, (authors,). Clusters of fewer than five are left out."""
    found, counts = np.unique(clusters, return_counts=True)
    shown = [int(one) for one, count in zip(found, counts, strict=True) if count >= LEAST_PEOPLE]
    told = listed([label(one, names.get(one)) for one in shown]) or "no cluster of five people or more"
    return Plot(
        "Map of authors",
        f"Each point is an author, near others who are alike; outlines hold nine tenths of a cluster. Shown: {told}.",
        (7.2, 6.0),
        lambda axes: _draw(axes, points, clusters, shown, names),
    )


def _draw(
    axes: Axes,
    points: NDArray[np.float32],
    clusters: NDArray[np.int64],
    shown: list[int],
    names: Mapping[int, str],
) -> None:
    step = -(-len(points) // _MOST_POINTS) or 1
    looks = zip(cycle(MARKERS), cycle(GREYS), cycle(LINES), strict=False)
    for cluster, (marker, colour, line) in zip(shown, looks, strict=False):
        inside = points[clusters == cluster]
        few = inside[::step]
        axes.scatter(
            few[:, 0], few[:, 1], s=9, marker=marker, color=colour, edgecolors=INK, linewidths=0.2, rasterized=True
        )
        middle = np.median(inside, axis=0)
        outline = _hull(inside, middle)
        if len(outline):
            axes.fill(outline[:, 0], outline[:, 1], facecolor="none", edgecolor=INK, linestyle=line, linewidth=1)
        box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.5}
        above = (float(middle[0]), float(inside[:, 1].max()))
        called = label(cluster, names.get(cluster))
        axes.annotate(called, above, (0, 4), textcoords="offset points", ha="center", va="bottom", bbox=box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal", adjustable="datalim")


def _hull(inside: NDArray[np.float32], middle: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the corners of the hull, (corners, 2), none where the points lie on a line."""
    distances = ((inside - middle) ** 2).sum(axis=1)
    near: NDArray[np.float32] = inside[distances <= np.quantile(distances, _CORE)]
    corners: NDArray[np.int64] = np.zeros(0, np.int64)
    if len(near) >= _CORNERS:
        with suppress(QhullError):
            corners = ConvexHull(near).vertices
    outline: NDArray[np.float32] = near[corners]
    return outline
