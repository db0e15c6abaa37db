"""KMeans: reproducible fits of few rows or of millions, and ids that stay with the same people. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.one_thread import one_thread

Rows = NDArray[np.floating[Any]]
"""Rows of 32-bit floats; of 64 bits where they are few, at twice the cost."""

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

ITERATIONS = 300

START_ROWS = 3_000
"""Starts are compared on at most so many rows: the best of them is then fitted to the others."""

SEED_ROWS = 40
"""Rows for each cluster among which its first centre is drawn."""

REFINEMENTS, FEW_REFINEMENTS = 10, 5
"""Iterations over all rows where a sample was fitted: its centres lie off theirs by little."""

TOLERANCE, MANY_ROWS = 1e-4, 100_000
"""More rows get the few iterations, not cut short by a tolerance, for which scikit-learn would copy all of them."""

CHUNK = 65_536
"""Rows whose distances are held at a time."""


@dataclass(frozen=True)
class Fit:
    """One clustering: a label for each row, the centres by label, the sum of squared distances to them."""

    labels: Labels
    centres: Rows
    inertia: float

    @property
    def sizes(self) -> Labels:
        """Rows by label."""
        return np.bincount(self.labels, minlength=len(self.centres))


@dataclass(frozen=True)
class TrainingBudget:
    """How much a training may compute: rows looked at in each step, KMeans starts, replicates.

    `bootstraps` resamples measure stability, `references` sets of uniform rows tell whether there are groups at all.
    """

    search_rows: int = 10_000
    silhouette_rows: int = 3_000
    stability_rows: int = 2_000
    reference_rows: int = 1_500
    starts: int = 5
    bootstraps: int = 10
    references: int = 8


def load_libraries() -> None:
    """Import what computes: a limit of threads reaches the libraries alone that are there when it is set."""
    import sklearn.cluster
    import sklearn.metrics  # noqa: F401 - both are imported for their libraries


def fit(rows: Rows, k: int, seed: int, starts: int) -> Fit:
    """Return the best of `starts` fits with k-means++ (Arthur & Vassilvitskii, SODA 2007).

    `rows` (rows, dimensions) must hold at least `k` distinct rows. Of many rows a sample is fitted, and the best
    fit refined on all of them. One thread computes: sums in another order differ in the last bit, and a bit can
    move an author.
    """
    from sklearn.cluster import KMeans

    if k == 1:
        return undivided(rows)
    few = rows[sample(len(rows), START_ROWS, seed)]
    if len(few) < len(rows) and distinct_rows(few) < k:
        few = rows
    with one_thread():
        best = _fitted(few, KMeans(k, init=_seeds, n_init=starts, max_iter=ITERATIONS, random_state=seed))
    return best if len(few) == len(rows) else refine(rows, best.centres, ITERATIONS)


def refine(rows: Rows, centres: Rows, iterations: int = REFINEMENTS, tolerance: float = TOLERANCE) -> Fit:
    """Return the fit that starts from `centres`: how a fit on a sample becomes one of all rows."""
    from sklearn.cluster import KMeans

    if len(rows) > MANY_ROWS and iterations == REFINEMENTS:
        iterations, tolerance = FEW_REFINEMENTS, 0.0
    with one_thread():
        return _fitted(rows, KMeans(len(centres), init=centres, n_init=1, max_iter=iterations, tol=tolerance))


def undivided(rows: Rows) -> Fit:
    """Return the fit of one cluster."""
    labels = np.zeros(len(rows), dtype=np.int64)
    centres = rows.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32)
    return Fit(labels, centres, inertia_of(rows, centres, labels))


def joined(rows: Rows, fitted: Fit, least: int) -> Fit:
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
    centres, labels = centres[left], labels.astype(np.int64)
    return Fit(labels, centres, inertia_of(rows, centres, labels))


def inertia_of(rows: Rows, centres: Rows, labels: Labels) -> float:
    """Return the sum of squared distances of the rows to their label's centre."""
    chunks = range(0, len(rows), CHUNK)
    away = (rows[first : first + CHUNK] - centres[labels[first : first + CHUNK]] for first in chunks)
    return float(sum(np.square(each).sum(dtype=np.float64) for each in away))


def nearest(rows: Rows, centres: Rows) -> Labels:
    """Return for each row the place of the nearest centre, the first of equally near ones."""
    lengths = np.square(centres).sum(axis=1)
    with one_thread():
        found = [
            (lengths - 2 * (rows[first : first + CHUNK] @ centres.T)).argmin(axis=1)
            for first in range(0, len(rows), CHUNK)
        ]
    return np.concatenate(found)


def sample(count: int, at_most: int, seed: int) -> Labels:
    """Return the places of a seeded sample without repetition, ascending; all places where few."""
    if count <= at_most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, at_most, replace=False, shuffle=False))


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
    sizes = np.bincount(labels)
    earlier = sorted(set(before.values()))
    shared = np.zeros((len(sizes), len(earlier)), dtype=np.int64)
    place = {cluster: at for at, cluster in enumerate(earlier)}
    for label, key in zip(labels, author_keys, strict=True):
        if key in before:
            shared[label, place[before[key]]] += 1
    ids = {row: earlier[column] for row, column in best_pairs(shared)}
    taken = {*used, *earlier}
    free = (number for number in range(len(taken) + len(sizes)) if number not in taken)
    for label in np.argsort(-sizes, kind="stable"):
        if int(label) not in ids:
            ids[int(label)] = next(free)
    return ids


def best_pairs(shared: Labels) -> list[tuple[int, int]]:
    """Return rows and columns paired one to one so that most is shared (the Hungarian assignment, Kuhn 1955).

    Pairs that share nothing are left out.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shared, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if shared[row, column]]


def distinct_rows(rows: NDArray[Any]) -> int:
    """Return how many rows differ from one another."""
    return int(kinds(rows).max(initial=-1)) + 1


def kinds(rows: NDArray[Any]) -> Labels:
    """Return a number for each row, from 0, that equal rows share."""
    if not rows.shape[1]:
        return np.zeros(len(rows), dtype=np.int64)
    same_zeros = np.ascontiguousarray(rows + rows.dtype.type(0))
    whole = same_zeros.view(np.dtype((np.void, same_zeros.dtype.itemsize * same_zeros.shape[1]))).ravel()
    return np.unique(whole, return_inverse=True)[1].astype(np.int64)


def _seeds(rows: Rows, k: int, random_state: Any) -> Rows:
    """Return k rows by greedy k-means++, drawn among some of the rows: else seeds cost more than all that follows.

    As scikit-learn's `kmeans_plusplus`, whose checks of arguments cost more than its work on few rows.
    """
    few = rows
    if len(rows) > SEED_ROWS * k:
        few = rows[random_state.choice(len(rows), SEED_ROWS * k, replace=False)]
        if distinct_rows(few) < k:
            few = rows
    lengths = np.square(few).sum(axis=1)
    tries = 2 + int(np.log(k))
    places = [int(random_state.randint(len(few)))]
    away = _distances(few, lengths, places)[0]
    while len(places) < k:
        drawn = np.searchsorted(
            np.cumsum(away, dtype=np.float64), random_state.uniform(size=tries) * away.sum(dtype=np.float64)
        )
        candidates = np.minimum(drawn, len(few) - 1)
        nearer = np.minimum(away, _distances(few, lengths, candidates))
        best = int(nearer.sum(axis=1).argmin())
        places.append(int(candidates[best]))
        away = nearer[best]
    return few[places]


def _distances(rows: Rows, lengths: Rows, places: Any) -> Rows:
    """Return the squared distances of all rows to those at `places`, (places, rows); 0 to themselves."""
    away: Rows = np.maximum(lengths[places, None] - 2 * (rows[places] @ rows.T) + lengths, 0)
    away[np.arange(len(places)), places] = 0
    return away


def _fitted(rows: Rows, model: Any) -> Fit:
    import sklearn

    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        model.fit(rows)
    return Fit(model.labels_.astype(np.int64), model.cluster_centers_, float(model.inertia_))
