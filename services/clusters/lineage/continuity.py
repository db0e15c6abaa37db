"""Clusters that stay with their people: the fit goes on from the run before, and so do the ids. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from services.clusters.fits.kmeans import Fit, Rows, best_pairs, refine
from services.clusters.fits.run_model import RunModel
from services.clusters.fits.score import KScore
from services.clusters.fits.search import ChosenFit
from services.clusters.fits.selection import Choice
from services.clusters.lineage.run_diff import UNKNOWN, Ids

AS_GOOD: Final = 1.01
"""A fit that goes on from the run before is taken where its inertia is at most so much of the best fresh one's."""
NEAR: Final = 0.02
"""The k of the run before is kept where its silhouette is no further below the best k's: so much differs by chance."""
AT_REST: Final = 3e-3
"""Centres that move by less than this part of the variance stay: some steps further would send people elsewhere."""
FEWEST_SHARED: Final = 0.2
"""Where fewer authors than this share were in the run before, its model tells where the others would have been."""


@dataclass(frozen=True)
class Earlier:
    """The run before: `ids` has the cluster of each present author then or `UNKNOWN`, `used` every id it had."""

    ids: Ids
    used: frozenset[int]

    @property
    def clusters(self) -> Ids:
        """Return the clusters that present authors were in, ascending."""
        known: Ids = np.unique(self.ids[self.ids != UNKNOWN])
        return known


def placed(ids: Ids, table: pa.Table, model: RunModel | None) -> Ids:
    """Return the earlier clusters of present authors, by the earlier run's model where it had few of them."""
    if model is None or (ids != UNKNOWN).mean() >= FEWEST_SHARED:
        return ids
    return np.where(ids == UNKNOWN, model.assign(table)[0], ids)


def continued(rows: Rows, found: ChosenFit, earlier: Earlier, *, k_is_free: bool) -> ChosenFit:
    """Return the fit that begins at the centres of the earlier clusters, where it is as good as the one found.

    KMeans ends in one of many local optima that are nearly as good, and which one it is goes by chance: a few more
    authors would send a good part of all into other clusters. `rows` are in the order of `earlier.ids`.
    """
    clusters = earlier.clusters
    if not 1 < len(clusters) <= len(rows):
        return found
    same = len(clusters) == len(found.fit.centres)
    choice = found.choice if same else _kept_k(found, len(clusters)) if k_is_free else None
    if choice is None:
        return found
    centres = np.stack([rows[earlier.ids == cluster].mean(axis=0) for cluster in clusters])
    fit = refine(rows, centres, tolerance=AT_REST)
    if same and fit.inertia > found.fit.inertia * AS_GOOD:
        return found
    return replace(found, choice=choice, fit=fit)


def aligned(fit: Fit, earlier: Earlier) -> dict[int, int]:
    """Return the id of each label.

    Labels and earlier clusters are paired one to one so that as many authors as possible keep their id (the Hungarian
    assignment, Kuhn 1955). A label that shares no author with its pair is a new cluster: it gets the smallest id that
    the run before did not use, larger clusters first. With nothing before, the largest cluster is 0.
    """
    clusters, known = earlier.clusters, earlier.ids != UNKNOWN
    shared = np.zeros((len(fit.centres), len(clusters)), dtype=np.int64)
    np.add.at(shared, (fit.labels[known], np.searchsorted(clusters, earlier.ids[known])), 1)
    ids = {row: int(clusters[column]) for row, column in best_pairs(shared)}
    return ids | _fresh(fit, ids.keys(), {*earlier.used, *clusters.tolist()})


def _fresh(fit: Fit, named: Collection[int], taken: set[int]) -> dict[int, int]:
    free = (number for number in range(len(taken) + len(fit.centres)) if number not in taken)
    return {int(label): next(free) for label in np.argsort(-fit.sizes, kind="stable") if int(label) not in named}


def _kept_k(found: ChosenFit, k: int) -> Choice | None:
    """Return the choice of the earlier k where its scores are as good as those of the k chosen."""
    scores: dict[int, KScore] = {score.k: score for score in found.scores}
    now, before = scores.get(found.choice.k), scores.get(k)
    if now is None or before is None or now.silhouette is None or before.silhouette is None:
        return None
    if before.silhouette < now.silhouette - NEAR or (before.stability or 0.0) < (now.stability or 0.0) - NEAR:
        return None
    reason = (
        f"k = {k} of the run before was kept: its silhouette ({before.silhouette:.2f}) and stability are within {NEAR} "
        f"of those of k = {now.k}, which is best now"
    )
    return Choice(k, reason)
