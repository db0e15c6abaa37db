"""The authors of a run in two dimensions, near others who are alike. Slow: for the worker."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.clusters.bases.matrix import Floats
from services.clusters.fits.kmeans import sample
from shared.one_thread import one_thread

MOST_POINTS = 100_000
MOST_FITTED = 2_000
"""UMAP's time and memory grow with the rows it is fitted on; the rest are placed among these."""
FEWEST_FITTED = 30
"""Of fewer rows every row would be a neighbour of nearly all others: they are shown by principal components."""
NEIGHBOURS = 15
MIN_DISTANCE = 0.1
PLACED_BY = 5
"""A row that was not fitted lies among so many of the nearest that were."""

_CHUNK = 2_000
_PLANE = 2


@dataclass(frozen=True)
class MapPoints:
    """Points, (n, 2), and the cluster of each, (n,), in an order that tells nothing of the authors' keys."""

    points: NDArray[np.float32]
    clusters: NDArray[np.int64]


def map_points(rows: Floats, clusters: NDArray[np.int64], seed: int = 0, *, by_neighbours: bool = True) -> MapPoints:
    """Return the map of `rows`, (authors, dimensions) ordered by author key, of at most 100,000 authors.

    The layout is UMAP's (L. McInnes, J. Healy & J. Melville, 2018) of up to 2,000 rows, a seeded sample, by its
    defaults. Others are placed at the mean of their five nearest of these, the nearer the more, which is where UMAP's
    own placing of later rows begins. Few rows, rows of one or two dimensions, and all where not `by_neighbours`, are
    shown by their principal components, which takes no time. The same rows and seed give the same points: one thread
    computes.
    """
    kept = sample(len(rows), MOST_POINTS, seed)
    rows, clusters = rows[kept], clusters[kept]
    fitted = sample(len(rows), MOST_FITTED, seed)
    with one_thread():
        if not by_neighbours or len(rows) < FEWEST_FITTED or rows.shape[1] <= _PLANE:
            points = _components(rows)
        else:
            layout = _layout(rows[fitted], seed)
            points = _placed(rows, rows[fitted], layout)
            points[fitted] = layout
    if len(points):
        points -= points.mean(axis=0)
    order = np.lexsort((points[:, 1], points[:, 0], clusters))
    return MapPoints(points[order].astype(np.float32), clusters[order])


def rehearse(_advance: object) -> None:
    """Make a small map for nothing: UMAP compiles itself with a process's first, for about 15 s of CPU."""
    rows = np.random.default_rng(0).normal(size=(2 * FEWEST_FITTED, _PLANE + 1))
    map_points(rows, np.zeros(len(rows), dtype=np.int64))


def _layout(rows: Floats, seed: int) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is not installed, and that equal rows make the spectrum degenerate
        import umap

        model = umap.UMAP(n_neighbors=NEIGHBOURS, min_dist=MIN_DISTANCE, random_state=seed, n_jobs=1)
        layout: Floats = model.fit_transform(rows).astype(np.float64)
    return layout


def _placed(rows: Floats, fitted: Floats, layout: Floats) -> Floats:
    points = np.zeros((len(rows), _PLANE))
    squares = np.square(fitted).sum(axis=1)
    for first in range(0, len(rows), _CHUNK):
        chunk = rows[first : first + _CHUNK]
        away = np.square(chunk).sum(axis=1)[:, None] - 2 * chunk @ fitted.T + squares
        nearest = np.argpartition(away, PLACED_BY, axis=1)[:, :PLACED_BY]
        distances = np.sqrt(np.maximum(np.take_along_axis(away, nearest, axis=1), 0.0))
        weights = 1.0 / (distances + 1e-9 + 0.1 * distances.mean(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        points[first : first + _CHUNK] = (weights[:, :, None] * layout[nearest]).sum(axis=1)
    return points


def _components(rows: Floats) -> Floats:
    points = np.zeros((len(rows), _PLANE))
    if len(rows) and rows.shape[1]:
        left, lengths, axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
        kept = min(_PLANE, len(lengths))
        signs = np.sign(axes[np.arange(kept), np.abs(axes[:kept]).argmax(axis=1)])
        points[:, :kept] = left[:, :kept] * lengths[:kept] * signs
    return points
