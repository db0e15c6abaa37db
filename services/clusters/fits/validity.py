"""How separate clusters are: the known indices of validity. Pure."""

from collections.abc import Sequence

import numpy as np

from services.clusters.fits.kmeans import Labels, Rows
from shared.one_thread import one_thread

CHUNK = 1_000
"""Rows whose distances to all others are held at a time."""


def silhouettes(rows: Rows, labellings: Sequence[Labels]) -> list[float | None]:
    """Return the mean silhouette in [-1, 1] (Rousseeuw 1987) of each labelling of the same rows.

    None where a labelling has one label alone, or one for each row. As scikit-learn's `silhouette_score`, but distances
    are computed once for all labellings, and their sums over clusters by one matrix product.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    members = [_members(labels) for labels in labellings]
    if not any(_divides(labels) for labels in labellings):
        return [None] * len(labellings)
    totals = np.zeros(len(labellings))
    with one_thread():
        for first in range(0, len(rows), CHUNK):
            chunk = slice(first, first + CHUNK)
            sums = euclidean_distances(rows[chunk], rows) @ np.hstack(members)
            by_labelling = np.split(sums, np.cumsum([each.shape[1] for each in members])[:-1], axis=1)
            totals += [
                _silhouettes_of(each, inside[chunk].argmax(axis=1), inside.sum(axis=0)).sum(dtype=np.float64)
                for each, inside in zip(by_labelling, members, strict=True)
            ]
    means = totals / len(rows)
    return [float(mean) if _divides(labels) else None for mean, labels in zip(means, labellings, strict=True)]


def silhouette(rows: Rows, labels: Labels) -> float | None:
    """Return the mean silhouette of one labelling."""
    return silhouettes(rows, [labels])[0]


def calinski_harabasz(rows: Rows, labels: Labels) -> float | None:
    """Return the index of Caliński & Harabasz (1974), from 0, higher is better; None as for silhouettes."""
    from sklearn.metrics import calinski_harabasz_score

    with one_thread():
        return float(calinski_harabasz_score(rows, labels)) if _divides(labels) else None


def davies_bouldin(rows: Rows, labels: Labels) -> float | None:
    """Return the index of Davies & Bouldin (1979), from 0, lower is better; None as for silhouettes."""
    from sklearn.metrics import davies_bouldin_score

    with one_thread():
        return float(davies_bouldin_score(rows, labels)) if _divides(labels) else None


def _divides(labels: Labels) -> bool:
    return 1 < len(np.unique(labels)) < len(labels)


def _members(labels: Labels) -> Rows:
    """Return (rows, labels) with a 1 where a row has a label; no label is without rows."""
    present, places = np.unique(labels, return_inverse=True)
    inside = np.zeros((len(labels), len(present)), dtype=np.float32)
    inside[np.arange(len(labels)), places] = 1
    return inside


def _silhouettes_of(sums: Rows, labels: Labels, sizes: Rows) -> Rows:
    """Return a silhouette for each row, by the sums of its distances to each cluster; 0 where it is alone."""
    own = (np.arange(len(labels)), labels)
    within = sums[own] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[own] = np.inf
    between = means.min(axis=1)
    larger = np.maximum(within, between)
    alone = (sizes[labels] <= 1) | (larger == 0) | np.isinf(larger)
    return np.where(alone, 0, (between - within) / np.where(alone, 1, larger))
