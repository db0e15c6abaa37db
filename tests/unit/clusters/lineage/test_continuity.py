"""Ids that stay with the same people from run to run, also where a fit could go another way."""

from functools import cache

import numpy as np
import pytest

from services.clusters.fits.kmeans import Rows, TrainingBudget
from services.clusters.fits.search import ChosenFit, search
from services.clusters.lineage.continuity import Earlier, aligned, continued, placed
from services.clusters.lineage.run_diff import UNKNOWN, Ids

BUDGET = TrainingBudget(
    search_rows=2000, silhouette_rows=200, stability_rows=100, reference_rows=100, starts=5, bootstraps=1
)


@cache
def people(seed: int, spread: float) -> Rows:
    """Return 1,010 authors around six places; the more they spread, the less the places tell them apart."""
    random = np.random.default_rng(seed)
    places = random.normal(size=(6, 5)) * 3
    rows = places[random.integers(6, size=1010)] + random.normal(size=(1010, 5)) * spread
    return rows.astype(np.float32)


def ids_of(found: ChosenFit, earlier: Earlier) -> Ids:
    """Return the id of each author."""
    by_label = aligned(found.fit, earlier)
    return np.array([by_label[label] for label in range(len(found.fit.centres))])[found.fit.labels]


@pytest.mark.parametrize("spread", [0.5, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_with_one_in_a_hundred_new_authors_the_others_keep_their_id(seed: int, spread: float) -> None:
    """At least 99 % stay, on data with clear groups and on data without, though the fresh fit starts elsewhere."""
    rows = people(seed, spread)
    nobody = Earlier(np.full(1000, UNKNOWN), frozenset())
    first = ids_of(search(rows[:1000], 6, seed, BUDGET, lambda _: None), nobody)
    earlier = Earlier(np.append(first, [UNKNOWN] * 10), frozenset(first.tolist()))
    fresh = search(rows, 6, seed + 100, BUDGET, lambda _: None)
    second = ids_of(continued(rows, fresh, earlier, k_is_free=False), earlier)
    assert (second[:1000] == first).mean() >= 0.99


def test_a_fresh_fit_that_is_better_is_taken() -> None:
    """What the run before had is no reason to go on with it where the data say otherwise."""
    rows = people(1, 0.5)
    wrong = np.random.default_rng(0).integers(6, size=len(rows))
    fresh = search(rows, 6, 3, TrainingBudget(starts=5, bootstraps=1, search_rows=2000), lambda _: None)
    kept = continued(rows, fresh, Earlier(wrong, frozenset(range(6))), k_is_free=False)
    assert kept.fit.inertia <= fresh.fit.inertia * 1.01


def test_a_fixed_k_is_honoured_whatever_was_before() -> None:
    """Six clusters of before do not make six of the four that were asked for."""
    rows = people(2, 0.5)
    six = search(rows, 6, 0, BUDGET, lambda _: None).fit.labels
    four = search(rows, 4, 0, BUDGET, lambda _: None)
    assert continued(rows, four, Earlier(six, frozenset(range(6))), k_is_free=False) is four


def test_ids_that_were_used_are_not_given_again() -> None:
    """A cluster of new people gets the smallest id that the run before had not, the larger one first."""
    rows = people(3, 0.5)
    fit = search(rows, 6, 0, BUDGET, lambda _: None).fit
    largest, second = np.argsort(-fit.sizes, kind="stable")[:2]
    ids = np.where((fit.labels == largest) | (fit.labels == second), UNKNOWN, fit.labels + 10)
    found = aligned(fit, Earlier(ids, frozenset({0, 2})))
    assert (found[int(largest)], found[int(second)]) == (1, 3)
    assert all(found[label] == label + 10 for label in range(6) if label not in {largest, second})


def test_without_a_model_unknown_authors_stay_unknown() -> None:
    """Where nothing tells where they would have been, nothing is made up."""
    ids = np.array([UNKNOWN, UNKNOWN, UNKNOWN])
    assert placed(ids, None, None).tolist() == ids.tolist()
