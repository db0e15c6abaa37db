"""Whether clusters come back in resamples."""

import numpy as np

from services.clusters.fits.kmeans import Fit, Labels, Rows, TrainingBudget, fit, inertia_of
from services.clusters.fits.stability import Resamples, clusterwise

RANDOM = np.random.default_rng(0)
BLOBS = np.concatenate([RANDOM.normal(size=(60, 3)), RANDOM.normal(size=(60, 3)) + 40]).astype(np.float32)
CLOUD = RANDOM.uniform(size=(400, 3)).astype(np.float32)
BUDGET = TrainingBudget(bootstraps=8)


def by_labels(rows: Rows, labels: Labels) -> Fit:
    """Return the fit that has these labels."""
    centres = np.stack([rows[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    return Fit(labels, centres, inertia_of(rows, centres, labels))


TWO = by_labels(BLOBS, np.repeat([0, 1], 60))
SEVEN = fit(CLOUD, 7, 0, 1)


def test_separate_groups_are_stable() -> None:
    """Groups far apart come back in every replicate."""
    assert clusterwise(BLOBS, TWO, 0, BUDGET) == [1.0, 1.0]


def test_an_arbitrary_cut_is_less_stable_than_a_real_one() -> None:
    """Seven parts of an even cloud do not all come back, and every value lies in [0, 1]."""
    values = clusterwise(CLOUD, SEVEN, 0, BUDGET)
    assert all(0 <= value <= 1 for value in values)
    assert min(values) < 0.8


def test_the_same_seed_gives_the_same_stability() -> None:
    """Stability is reproducible."""
    assert clusterwise(CLOUD, SEVEN, 9, BUDGET) == clusterwise(CLOUD, SEVEN, 9, BUDGET)


def test_a_small_cluster_is_looked_at_in_a_small_sample() -> None:
    """Of a cluster that a proportional sample would miss, enough authors are drawn to judge it."""
    rows = np.concatenate([RANDOM.normal(size=(3_000, 3)), RANDOM.normal(size=(12, 3)) + 60]).astype(np.float32)
    fitted = by_labels(rows, np.repeat([0, 1], [3_000, 12]))
    assert clusterwise(rows, fitted, 0, TrainingBudget(bootstraps=5, stability_rows=100))[1] > 0.9


def test_few_different_rows_are_no_obstacle() -> None:
    """A resample with fewer different rows than clusters is clustered into as many as it has."""
    rows = np.array([[0.0], [0.0], [0.0], [5.0], [9.0]], dtype=np.float32)
    values = clusterwise(rows, by_labels(rows, np.array([0, 0, 0, 1, 2])), 0, BUDGET)
    assert all(0 <= value <= 1 for value in values)


def test_real_groups_have_a_rand_index_of_one_and_arbitrary_ones_less() -> None:
    """Two far groups come back exactly; seven parts of an even cloud do not."""
    assert Resamples.of(BLOBS, 5, 0).rand_index(TWO.labels, 2, 0) == 1.0
    cloud = Resamples.of(CLOUD, 5, 0).rand_index(SEVEN.labels, 7, 0)
    assert 0 < cloud < 0.8
