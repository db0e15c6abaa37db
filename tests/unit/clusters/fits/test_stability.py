"""Clusterwise stability."""

import numpy as np
import pytest

from services.clusters.fits.kmeans import TrainingBudget, TrainingStoppedError, fit, stability

RANDOM = np.random.default_rng(0)
BLOBS = np.concatenate([RANDOM.normal(size=(60, 3)), RANDOM.normal(size=(60, 3)) + 40])
CLOUD = RANDOM.uniform(size=(400, 3))
BUDGET = TrainingBudget(bootstraps=8)


def test_separate_groups_are_stable() -> None:
    """Groups far apart come back in every replicate."""
    assert stability(BLOBS, np.repeat([0, 1], 60), 2, 0, BUDGET) == [1.0, 1.0]


def test_an_arbitrary_cut_is_less_stable_than_a_real_one() -> None:
    """Seven parts of an even cloud do not all come back, and every value lies in [0, 1]."""
    values = stability(CLOUD, fit(CLOUD, 7, 0, 1).labels, 7, 0, BUDGET)
    assert all(0 <= value <= 1 for value in values)
    assert min(values) < 0.8


def test_the_same_seed_gives_the_same_stability() -> None:
    """Stability is reproducible."""
    labels = fit(CLOUD, 4, 0, 1).labels
    assert stability(CLOUD, labels, 4, 9, BUDGET) == stability(CLOUD, labels, 4, 9, BUDGET)


def test_a_small_cluster_is_looked_at_in_a_small_sample() -> None:
    """Of a cluster that a proportional sample would miss, enough authors are drawn to judge it."""
    rows = np.concatenate([RANDOM.normal(size=(3_000, 3)), RANDOM.normal(size=(12, 3)) + 60])
    labels = np.repeat([0, 1], [3_000, 12])
    assert stability(rows, labels, 2, 0, TrainingBudget(bootstraps=5, stability_rows=100))[1] > 0.9


def test_few_different_rows_are_no_obstacle() -> None:
    """A resample with fewer different rows than clusters is clustered into as many as it has."""
    rows = np.array([[0.0], [0.0], [0.0], [5.0], [9.0]])
    values = stability(rows, np.array([0, 0, 0, 1, 2]), 3, 0, BUDGET)
    assert all(0 <= value <= 1 for value in values)


def test_stability_stops_when_asked() -> None:
    """A stop between two replicates ends it."""
    with pytest.raises(TrainingStoppedError):
        stability(BLOBS, np.repeat([0, 1], 60), 2, 0, BUDGET, lambda: True)
