"""Whether clusters come back when the authors are drawn anew. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.clusters.fits.kmeans import Fit, Labels, Rows, TrainingBudget, fit, kinds, nearest

FEWEST_JUDGED = 20
"""Of each cluster at least this many authors (or all) are looked at, however small its share."""

STARTS = 4
"""KMeans starts of a replicate: by one alone a poor start would count against the clusters."""

FIRST, HOPELESS = 4, 0.6
"""After the first replicates, a mean index below which more of them could not make the groups stable."""


@dataclass(frozen=True)
class Resamples:
    """Bootstrap resamples of rows: each as many as there are, drawn with repetition.

    `draws` (replicates, rows) are places, `kinds` (rows,) numbers that equal rows share.
    """

    rows: Rows
    kinds: Labels
    draws: Labels

    @classmethod
    def of(cls, rows: Rows, replicates: int, seed: int) -> Self:
        """Draw them."""
        draws = np.random.default_rng(seed).integers(len(rows), size=(replicates, len(rows)))
        return cls(rows, kinds(rows), draws)

    def refits(self, k: int, seed: int) -> Iterator[tuple[Labels, Labels]]:
        """Yield for each replicate the label of every row, by the nearest centre, and the places that were drawn.

        A replicate with fewer different rows than `k` is clustered into as many as it has.
        """
        for number, draw in enumerate(self.draws):
            drawn = np.unique(draw)
            again = min(k, len(np.unique(self.kinds[drawn])))
            refit = fit(self.rows[np.sort(draw)], again, (seed + number) % 2**32, STARTS)
            yield nearest(self.rows, refit.centres), drawn

    def rand_index(self, labels: Labels, k: int, seed: int) -> float:
        """Return the mean adjusted Rand index between `labels` and those of the replicates, at most 1.

        Where the first four tell that the groups do not come back, no more are made. Hubert & Arabie 1985; over
        bootstrap resamples as in Fang & Wang, "Selection of the number of clusters via the bootstrap method",
        Computational Statistics & Data Analysis 56, 2012.
        """
        from sklearn.metrics import adjusted_rand_score

        found: list[float] = []
        for again, _ in self.refits(k, seed):
            found.append(float(adjusted_rand_score(labels, again)))
            if len(found) == FIRST and np.mean(found) < HOPELESS:
                break
        return float(np.mean(found))


def clusterwise(rows: Rows, fitted: Fit, seed: int, budget: TrainingBudget) -> list[float]:
    """Return for each label the mean over the replicates of its best Jaccard coefficient, in [0, 1].

    That is clusterwise stability (C. Hennig, "Cluster-wise assessment of cluster stability", Computational
    Statistics & Data Analysis 52, 2007): below about 0.5 a cluster is dissolved, from about 0.75 it is stable.

    A replicate draws as many authors as were looked at, with repetition, and clusters them anew; a cluster
    of which it drew no author is not judged by it.
    """
    k, labels = len(fitted.centres), fitted.labels
    places = _stratified(labels, k, budget.stability_rows, np.random.default_rng(seed))
    rows, labels = rows[places], labels[places]
    totals, judged = np.zeros(k), np.zeros(k)
    for again, drawn in Resamples.of(rows, budget.bootstraps, seed).refits(k, seed):
        best = _best_jaccard(labels[drawn], again[drawn], k)
        seen = ~np.isnan(best)
        totals[seen] += best[seen]
        judged += seen
    return [float(total / count) if count else 0.0 for total, count in zip(totals, judged, strict=True)]


def _best_jaccard(original: Labels, again: Labels, k: int) -> NDArray[np.float64]:
    width = max(k, int(again.max()) + 1)
    shared = np.bincount(original * width + again, minlength=k * width).reshape(k, width).astype(float)
    united = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    jaccard = np.divide(shared, united, out=np.zeros_like(shared), where=united > 0)
    return np.where(shared.sum(axis=1) > 0, jaccard.max(axis=1), np.nan)


def _stratified(labels: Labels, k: int, at_most: int, random: np.random.Generator) -> Labels:
    if len(labels) <= at_most:
        return np.arange(len(labels))
    chosen = []
    for label in range(k):
        members = np.flatnonzero(labels == label)
        count = min(len(members), max(FEWEST_JUDGED, round(at_most * len(members) / len(labels))))
        chosen.append(random.choice(members, count, replace=False))
    return np.sort(np.concatenate(chosen))
