"""KMeans and its kin."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.clusters.fits.kmeans import TrainingStoppedError, fit, refine, sample, silhouette

ROWS = np.random.default_rng(0).normal(size=(3_000, 6))
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


def test_a_fit_stops_between_two_starts() -> None:
    """A stop asked for after the first start ends the fit with an error instead of further starts."""
    answers = iter([False, True])
    with pytest.raises(TrainingStoppedError):
        fit(ROWS, 3, seed=0, starts=5, should_stop=lambda: next(answers))
    assert next(answers, None) is None


def test_a_fit_on_a_sample_is_carried_over_to_all_rows() -> None:
    """Refining keeps each label with its centre."""
    few = fit(TWO_BLOBS[::5], 2, seed=0, starts=1)
    every = refine(TWO_BLOBS, few.centres)
    assert (every.labels[::5] == few.labels).all()
    assert every.sizes.tolist() == [50, 50]


def test_silhouette_is_high_for_separate_groups_and_none_for_one() -> None:
    """Two far groups score near 1, a single label has no silhouette."""
    labels = np.repeat([0, 1], 50)
    assert (silhouette(TWO_BLOBS, labels) or 0) > 0.8
    assert silhouette(TWO_BLOBS, np.zeros(100, dtype=np.int64)) is None


def test_a_sample_is_seeded_ascending_and_without_repetition() -> None:
    """The same seed gives the same places, another seed others; few rows are all taken."""
    places = sample(1_000, 100, seed=5)
    assert (places == sample(1_000, 100, seed=5)).all()
    assert (places != sample(1_000, 100, seed=6)).any()
    assert len(set(places.tolist())) == 100
    assert (np.diff(places) > 0).all()
    assert sample(10, 100, seed=5).tolist() == list(range(10))
