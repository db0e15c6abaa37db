"""KMeans and silhouettes: the only module that knows scikit-learn. Pure and reproducible."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from services.clusters.failures import TrainingStoppedError
from shared.one_thread import one_thread

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
ShouldStop = Callable[[], bool]

ITERATIONS = 300


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
class Budget:
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
    fits = []
    for start in np.random.SeedSequence(seed).generate_state(starts):
        if should_stop():
            raise TrainingStoppedError("the training was stopped")
        fits.append(_once(rows, KMeans(k, n_init=1, max_iter=ITERATIONS, random_state=int(start))))
    return min(fits, key=lambda each: each.inertia)


def refine(rows: Floats, centres: Floats) -> Fit:
    """Return the fit that starts from `centres`: how a fit on a sample becomes one of all rows."""
    return _once(rows, KMeans(len(centres), init=centres, n_init=1, max_iter=ITERATIONS))


def silhouette(rows: Floats, labels: Labels) -> float | None:
    """Return the mean silhouette in [-1, 1] (Rousseeuw 1987); None where the rows hold one label only."""
    if not 1 < len(np.unique(labels)) < len(rows):
        return None
    with one_thread():
        return float(silhouette_score(rows, labels))


def sample(count: int, at_most: int, seed: int) -> Labels:
    """Return the places of a seeded sample without repetition, ascending; all places where few."""
    if count <= at_most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, at_most, replace=False))


def _once(rows: Floats, model: KMeans) -> Fit:
    with one_thread():
        model.fit(rows)
    return Fit(model.labels_.astype(np.int64), model.cluster_centers_, float(model.inertia_))
