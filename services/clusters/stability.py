"""How surely each cluster comes back when the authors are drawn again. Pure.

Clusterwise stability by the bootstrap and the Jaccard coefficient: C. Hennig, "Cluster-wise assessment
of cluster stability", Computational Statistics & Data Analysis 52 (2007). Below about 0.5 a cluster is
dissolved, from about 0.75 it is stable.
"""

import numpy as np
from numpy.typing import NDArray

from services.clusters.features import distinct_rows
from services.clusters.training import Budget, Fit, Labels, ShouldStop, fit, never

Floats = NDArray[np.float64]

FEWEST = 20
"""Of each cluster at least this many authors (or all) are looked at, however small its share."""


def stability(
    rows: Floats, labels: Labels, k: int, seed: int, budget: Budget, should_stop: ShouldStop = never
) -> list[float]:
    """Return for each label the mean over the replicates of its best Jaccard coefficient, in [0, 1].

    A replicate draws as many authors as were looked at, with repetition, and clusters them anew; a cluster
    of which it drew nobody is not judged by it. Raises TrainingStoppedError between two fits.
    """
    random = np.random.default_rng(seed)
    places = _stratified(labels, k, budget.stability_rows, random)
    rows, labels = rows[places], labels[places]
    totals, judged = np.zeros(k), np.zeros(k)
    for replicate in range(budget.bootstraps):
        drawn = random.integers(len(rows), size=len(rows))
        again = min(k, distinct_rows(rows[drawn]))
        refit = fit(rows[drawn], again, int(random.integers(2**31)) + replicate, 1, should_stop)
        once, first = np.unique(drawn, return_index=True)
        best = _best_jaccard(labels[once], refit.labels[first], k, refit)
        seen = ~np.isnan(best)
        totals[seen] += best[seen]
        judged += seen
    return [float(total / count) if count else 0.0 for total, count in zip(totals, judged, strict=True)]


def _best_jaccard(original: Labels, again: Labels, k: int, refit: Fit) -> Floats:
    shared = np.zeros((k, len(refit.centres)))
    np.add.at(shared, (original, again), 1)
    united = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    jaccard = np.divide(shared, united, out=np.zeros_like(shared), where=united > 0)
    return np.where(shared.sum(axis=1) > 0, jaccard.max(axis=1), np.nan)


def _stratified(labels: Labels, k: int, at_most: int, random: np.random.Generator) -> Labels:
    if len(labels) <= at_most:
        return np.arange(len(labels))
    chosen = []
    for label in range(k):
        members = np.flatnonzero(labels == label)
        count = min(len(members), max(FEWEST, round(at_most * len(members) / len(labels))))
        chosen.append(random.choice(members, count, replace=False))
    return np.sort(np.concatenate(chosen))
