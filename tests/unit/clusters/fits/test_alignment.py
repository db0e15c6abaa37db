"""Ids stay with the same people."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.clusters.fits.kmeans import align
from tests.unit.clusters.authors import key

KEYS = [key(number) for number in range(12)]


def before(ids: list[int]) -> dict[str, int]:
    """Return the run before with these ids for the first authors."""
    return dict(zip(KEYS, ids, strict=False))


@given(st.lists(st.integers(0, 5), min_size=12, max_size=12), st.permutations(range(6)))
def test_a_permutation_of_labels_changes_no_id(ids: list[int], names: list[int]) -> None:
    """Where the same groups come back under other labels everybody keeps their id."""
    groups = {cluster: label for label, cluster in enumerate(sorted(set(ids)))}
    ranks = sorted(range(len(groups)), key=lambda label: names[label])
    labels = np.array([ranks[groups[cluster]] for cluster in ids])
    aligned = align(labels, KEYS, before(ids), set(ids))
    assert [aligned[int(label)] for label in labels] == ids


@given(st.lists(st.integers(0, 4), min_size=12, max_size=12), st.lists(st.integers(0, 9), max_size=12))
def test_ids_are_unique_and_complete(raw: list[int], ids: list[int]) -> None:
    """Each label gets one id, no two the same, whatever the run before was."""
    order = sorted(set(raw))
    labels = np.array([order.index(label) for label in raw])
    aligned = align(labels, KEYS, before(ids), set(ids))
    assert sorted(aligned) == list(range(len(order)))
    assert len(set(aligned.values())) == len(order)


def test_a_new_cluster_gets_an_id_that_was_not_used() -> None:
    """A third group next to two known ones gets neither their ids nor another id of the run before."""
    labels = np.array([0] * 4 + [1] * 4 + [2] * 4)
    aligned = align(labels, KEYS, before([5] * 4 + [0] * 4), {0, 1, 5})
    assert aligned == {0: 5, 1: 0, 2: 2}


def test_a_cluster_that_shares_nobody_is_new() -> None:
    """As many clusters as before do not pass ids on to strangers."""
    labels = np.array([0] * 6 + [1] * 6)
    aligned = align(labels, KEYS, before([3] * 3 + [4] * 3), {3, 4})
    assert aligned[0] in {3, 4}
    assert aligned[1] not in {3, 4}


def test_most_people_keep_their_id() -> None:
    """Of two ways to pair, the one that keeps more authors in place is taken."""
    labels = np.array([0] * 7 + [1] * 5)
    aligned = align(labels, KEYS, before([1] * 4 + [2] * 3 + [1] * 5), {1, 2})
    assert aligned == {0: 2, 1: 1}


def test_without_a_run_before_ids_go_by_size() -> None:
    """The first run numbers its clusters from 0, the largest first."""
    assert align(np.array([0, 1, 1, 1, 2, 2]), KEYS[:6], {}, ()) == {1: 0, 2: 1, 0: 2}
