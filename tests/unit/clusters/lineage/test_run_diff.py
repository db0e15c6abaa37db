"""What became of the clusters of a run in another one."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from services.clusters.lineage.run_diff import UNKNOWN, RunDiff, diff, earlier_ids


def of(flows: dict[tuple[int, int], int]) -> RunDiff:
    """Return the difference of two runs between which so many authors went from one cluster to another."""
    before = np.repeat([one for one, _ in flows], list(flows.values()))
    after = np.repeat([other for _, other in flows], list(flows.values()))
    return diff(before, after, set(before.tolist()) - {UNKNOWN}, set(after.tolist()))


def test_what_stayed_is_kept() -> None:
    """The same clusters are kept, none moved, the index is 1."""
    same = of({(0, 0): 40, (1, 1): 30})
    assert same == RunDiff(ari=1.0, authors=70, moved=0, kept=[0, 1], split=[], merged=[], new=[], gone=[])


def test_a_split_names_its_parts() -> None:
    """A cluster whose people are in two, one of which has its id, is split and kept; the others are no part of it."""
    found = of({(0, 0): 60, (0, 2): 40, (1, 1): 50, (1, 0): 5})
    assert [(each.of, each.into) for each in found.split] == [(0, [0, 2])]
    assert (found.kept, found.merged, found.new, found.gone, found.moved) == ([0, 1], [], [], [], 45)


def test_a_merger_names_what_it_took_in() -> None:
    """Two clusters in one: the one whose id it has is kept, the other is not gone but merged."""
    found = of({(0, 0): 60, (1, 0): 40, (2, 2): 50})
    assert [(each.of, each.into) for each in found.merged] == [([0, 1], 0)]
    assert (found.kept, found.split, found.new, found.gone) == ([0, 2], [], [], [])


def test_what_comes_of_nothing_is_new_and_what_leaves_nothing_is_gone() -> None:
    """A cluster of people whom the earlier run did not have is new; one whose people all went elsewhere is gone."""
    found = of({(0, 0): 60, (UNKNOWN, 3): 30, (1, 0): 9, (1, 2): 9, (2, 2): 60})
    assert (found.kept, found.new, found.gone, found.authors) == ([0, 2], [3], [1], 138)


def test_contract_names_are_told() -> None:
    """A split is told as `from` and `into`, a merger as `of` and `into`."""
    told = of({(0, 0): 60, (0, 2): 40}).model_dump(by_alias=True)
    assert told["split"] == [{"from": 0, "into": [0, 2]}]
    assert RunDiff.model_validate(told) == RunDiff.model_validate_json(of({(0, 0): 60, (0, 2): 40}).model_dump_json())


@pytest.mark.parametrize(("moved", "told"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_fewer_than_five_who_moved_are_not_told(moved: int, told: int | None) -> None:
    """One who changed the cluster is a person."""
    flows = {(0, 0): 40, (1, 1): 30} | ({(1, 0): moved} if moved else {})
    assert of(flows).moved == told


def test_two_runs_without_common_authors_have_no_index() -> None:
    """There is nothing to compare, and no division by nought."""
    found = diff(np.full(9, UNKNOWN), np.zeros(9, dtype=np.int64), {0, 1}, {0})
    assert (found.ari, found.authors, found.kept, found.gone) == (None, 0, [], [0, 1])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=5, max_size=60))
def test_the_index_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """The adjusted Rand index is that of the reference; every earlier id is told of, and every later one."""
    before, after = np.array(pairs).T
    found = diff(before, after, set(before.tolist()), set(after.tolist()))
    assert found.ari == pytest.approx(adjusted_rand_score(before, after))
    went = {each.of for each in found.split} | {one for each in found.merged for one in each.of}
    came = {one for each in found.split for one in each.into} | {each.into for each in found.merged}
    assert set(found.kept) | set(found.gone) | went == set(before.tolist())
    assert set(found.kept) | set(found.new) | came == set(after.tolist())
    assert not set(found.kept) & {*found.gone, *found.new}


def test_earlier_clusters_are_found_by_key() -> None:
    """Whatever the order of the rows; an author whom the earlier run did not have is unknown."""
    members = pa.table({"author_key": ["c", "a"], "cluster": [7, 3]})
    assert earlier_ids(["a", "b", "c"], members).tolist() == [3, UNKNOWN, 7]
