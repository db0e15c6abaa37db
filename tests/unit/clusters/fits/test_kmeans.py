"""KMeans and its kin."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.clusters.fits.kmeans import distinct_rows, fit, inertia_of, joined, nearest, refine, sample, undivided

ROWS = np.random.default_rng(0).normal(size=(3_000, 6)).astype(np.float32)
MANY = np.random.default_rng(1).normal(size=(4_000, 3)).astype(np.float32)
HEAPS = np.concatenate([MANY[:1_000], MANY[1_000:] + 9])
TWO_BLOBS = np.concatenate([ROWS[:50], ROWS[50:100] + 30])


def test_the_same_seed_gives_the_same_fit_at_any_thread_count() -> None:
    """Labels, centres and inertia agree to the last bit under one, two and eight threads."""
    fits = []
    for threads in (1, 2, 8):
        with threadpool_limits(limits=threads):
            fits.append(fit(ROWS, 5, seed=3, starts=2))
    assert all((one.labels == fits[0].labels).all() and (one.centres == fits[0].centres).all() for one in fits)
    assert len({one.inertia for one in fits}) == 1


def test_more_starts_never_fit_worse() -> None:
    """The best of several starts is taken."""
    assert fit(ROWS, 8, seed=1, starts=6).inertia <= fit(ROWS, 8, seed=1, starts=1).inertia


def test_many_rows_are_fitted_as_well_as_few() -> None:
    """Where starts are compared on a sample the fit is of all rows, as good as if they were compared on all."""
    fitted = fit(HEAPS, 2, seed=0, starts=3)
    whole = KMeans(2, n_init=1, random_state=0).fit(HEAPS)
    assert fitted.sizes.sum() == len(HEAPS)
    assert fitted.inertia < 1.01 * whole.inertia_


def test_a_sample_that_holds_too_few_kinds_is_not_started_on() -> None:
    """Of rows that nearly all are alike, those that differ are found where as many clusters are asked for."""
    rows = np.zeros((20_000, 1), dtype=np.float32)
    rows[[5, 6]] = [[3.0], [9.0]]
    assert sorted(fit(rows, 3, seed=0, starts=1).sizes.tolist()) == [1, 1, 19_998]


def test_a_fit_on_a_sample_is_carried_over_to_all_rows() -> None:
    """Refining keeps each label with its centre."""
    few = fit(TWO_BLOBS[::5], 2, seed=0, starts=1)
    every = refine(TWO_BLOBS, few.centres)
    assert (every.labels[::5] == few.labels).all()
    assert every.sizes.tolist() == [50, 50]


def test_each_row_gets_the_nearest_centre() -> None:
    """Labels of new rows are those of the fit, and inertia is the sum of their squared distances."""
    fitted = fit(ROWS, 4, seed=0, starts=1)
    assert (nearest(ROWS, fitted.centres) == fitted.labels).all()
    assert inertia_of(ROWS, fitted.centres, fitted.labels) == pytest.approx(fitted.inertia, rel=1e-4)


def test_one_cluster_has_the_mean_and_the_whole_variance() -> None:
    """What is not divided lies about its mean."""
    whole = undivided(ROWS)
    assert whole.sizes.tolist() == [3_000]
    assert whole.inertia == pytest.approx(len(ROWS) * ROWS.var(axis=0).sum(), rel=1e-4)


def test_small_clusters_join_the_nearest() -> None:
    """A cluster of two goes to the nearer of two large ones, and nothing changes without small ones."""
    rows = np.concatenate([TWO_BLOBS, TWO_BLOBS[:2] + 8])
    fitted = fit(rows, 3, seed=0, starts=5)
    assert sorted(joined(rows, fitted, 5).sizes.tolist()) == [50, 52]
    assert joined(rows, fitted, 2) is fitted


def test_rows_differ_by_value() -> None:
    """Both zeros are one value, and rows without columns are alike."""
    assert distinct_rows(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]])) == 2
    assert distinct_rows(np.zeros((4, 0))) == 1
    assert distinct_rows(np.zeros((0, 3))) == 0


def test_a_sample_is_seeded_ascending_and_without_repetition() -> None:
    """The same seed gives the same places, another seed others; few rows are all taken."""
    places = sample(1_000, 100, seed=5)
    assert (places == sample(1_000, 100, seed=5)).all()
    assert (places != sample(1_000, 100, seed=6)).any()
    assert len(set(places.tolist())) == 100
    assert (np.diff(places) > 0).all()
    assert sample(10, 100, seed=5).tolist() == list(range(10))
