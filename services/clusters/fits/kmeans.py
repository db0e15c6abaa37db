"""KMeans, silhouettes, stability, and ids that stay with the same people. Pure and reproducible."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import VoxpopError
from shared.one_thread import one_thread

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
ShouldStop = Callable[[], bool]

ITERATIONS = 300

FEWEST_JUDGED = 20
"""Of each cluster at least this many authors (or all) are looked at, however small its share."""


class TrainingStoppedError(VoxpopError):
    """The training was asked to stop between two fits."""


@dataclass(frozen=True)
class Fit:
    """One clustering: a label for each row, the centres by label, the sum of squared distances to them."""

    labels: Labels
    centres: Floats
    inertia: float

    @property
    def sizes(self) -> Labels:
        """Rows by label."""
        return np.bincount(self.labels, minlength=len(self.centres))


@dataclass(frozen=True)
class TrainingBudget:
    """How much a training may compute: rows looked at in each step, KMeans starts, bootstrap replicates."""

    search_rows: int = 20_000
    silhouette_rows: int = 5_000
    stability_rows: int = 4_000
    starts: int = 5
    bootstraps: int = 20


def never() -> bool:
    """Go on to the end."""
    return False


def fit(rows: Floats, k: int, seed: int, starts: int, should_stop: ShouldStop = never) -> Fit:
    """Return the best of `starts` fits with k-means++ (Arthur & Vassilvitskii, SODA 2007).

    `rows` must hold at least `k` distinct rows. One thread computes: sums in another order differ in
    the last bit, and a bit can move an author. Raises TrainingStoppedError between two starts.
    """
    from sklearn.cluster import KMeans

    fits = []
    for start in np.random.SeedSequence(seed).generate_state(starts):
        if should_stop():
            raise TrainingStoppedError("the training was stopped")
        fits.append(_once(rows, KMeans(k, n_init=1, max_iter=ITERATIONS, random_state=int(start))))
    return min(fits, key=lambda each: each.inertia)


def refine(rows: Floats, centres: Floats) -> Fit:
    """Return the fit that starts from `centres`: how a fit on a sample becomes one of all rows."""
    from sklearn.cluster import KMeans

    return _once(rows, KMeans(len(centres), init=centres, n_init=1, max_iter=ITERATIONS))


def joined(rows: Floats, fitted: Fit, least: int) -> Fit:
    """Return a fit whose clusters have `least` rows or more (or which is one): small ones join the nearest.

    The smallest goes first, to the centre nearest to its own, which moves to the mean of both. A fit without small
    clusters is returned as it is.
    """
    labels, centres = fitted.labels.copy(), fitted.centres.copy()
    while True:
        sizes = np.bincount(labels, minlength=len(centres))
        present = np.flatnonzero(sizes)
        smallest = present[np.argmin(sizes[present])]
        if sizes[smallest] >= least or len(present) == 1:
            break
        others = present[present != smallest]
        nearest = others[np.argmin(((centres[others] - centres[smallest]) ** 2).sum(axis=1))]
        labels[labels == smallest] = nearest
        centres[nearest] = rows[labels == nearest].mean(axis=0)
    if len(present) == len(centres):
        return fitted
    left, labels = np.unique(labels, return_inverse=True)
    centres = centres[left]
    return Fit(labels.astype(np.int64), centres, float(((rows - centres[labels]) ** 2).sum()))


def silhouette(rows: Floats, labels: Labels) -> float | None:
    """Return the mean silhouette in [-1, 1] (Rousseeuw 1987); None where the rows hold one label only."""
    from sklearn.metrics import silhouette_score

    if not 1 < len(np.unique(labels)) < len(rows):
        return None
    with one_thread():
        return float(silhouette_score(rows, labels))


def sample(count: int, at_most: int, seed: int) -> Labels:
    """Return the places of a seeded sample without repetition, ascending; all places where few."""
    if count <= at_most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, at_most, replace=False))


def stability(
    rows: Floats, labels: Labels, k: int, seed: int, budget: TrainingBudget, should_stop: ShouldStop = never
) -> list[float]:
    """Return for each label the mean over the replicates of its best Jaccard coefficient, in [0, 1].

    That is clusterwise stability (C. Hennig, "Cluster-wise assessment of cluster stability", Computational
    Statistics & Data Analysis 52, 2007): below about 0.5 a cluster is dissolved, from about 0.75 it is stable.

    A replicate draws as many authors as were looked at, with repetition, and clusters them anew; a cluster
    of which it drew no author is not judged by it. Raises TrainingStoppedError between two fits.
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


def align(
    labels: Labels, author_keys: Sequence[str], before: Mapping[str, int], used: Collection[int]
) -> dict[int, int]:
    """Return the id of each label.

    `before` maps the authors of the run before (or a fair sample of them) to their cluster's id. Labels and
    earlier ids are paired one to one so that as many authors as possible keep their id (the Hungarian
    assignment, Kuhn 1955). A label that shares no author with its pair is a new cluster: it gets the smallest
    id that is neither in `used` nor in `before`, larger clusters first. With nothing before, the
    largest cluster is 0.
    """
    from scipy.optimize import linear_sum_assignment

    sizes = np.bincount(labels)
    earlier = sorted(set(before.values()))
    shared = np.zeros((len(sizes), len(earlier)), dtype=np.int64)
    place = {cluster: at for at, cluster in enumerate(earlier)}
    for label, key in zip(labels, author_keys, strict=True):
        if key in before:
            shared[label, place[before[key]]] += 1
    rows, columns = linear_sum_assignment(shared, maximize=True)
    ids = {int(row): earlier[column] for row, column in zip(rows, columns, strict=True) if shared[row, column]}
    taken = {*used, *earlier}
    free = (number for number in range(len(taken) + len(sizes)) if number not in taken)
    for label in np.argsort(-sizes, kind="stable"):
        if int(label) not in ids:
            ids[int(label)] = next(free)
    return ids


def distinct_rows(rows: Floats) -> int:
    """Return how many rows differ from one another."""
    return len(np.unique(rows, axis=0)) if rows.shape[1] else min(1, len(rows))


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
        count = min(len(members), max(FEWEST_JUDGED, round(at_most * len(members) / len(labels))))
        chosen.append(random.choice(members, count, replace=False))
    return np.sort(np.concatenate(chosen))


def _once(rows: Floats, model: Any) -> Fit:
    with one_thread():
        model.fit(rows)
    return Fit(model.labels_.astype(np.int64), model.cluster_centers_, float(model.inertia_))
