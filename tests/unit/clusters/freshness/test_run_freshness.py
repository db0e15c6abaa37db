"""Who was assigned since a training, and how far off they lie."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clusters.freshness.run_freshness import LEAST_PLACED, RunFreshness

FRESH = RunFreshness(run_id="r", through=3)
KEYS = st.lists(st.integers(0, 3000).map(lambda number: hashlib.md5(str(number).encode()).hexdigest()), max_size=60)  # noqa: S324 - stands for a keyed hash


@given(st.lists(KEYS, max_size=5))
def test_an_author_who_is_assigned_again_counts_once(pages: list[list[str]]) -> None:
    """In whatever pages they came; the same authors in one page count the same."""
    freshness = FRESH
    for page in pages:
        freshness = freshness.with_assigned(page, [1.0] * len(page), 4)
    authors = {key for page in pages for key in page}
    assert freshness.registers == FRESH.with_assigned(sorted(authors), [], 4).registers or not pages
    assert freshness.assigned == pytest.approx(len(authors), abs=3)
    assert freshness.placed == sum(map(len, pages))


@pytest.mark.parametrize("authors", [2000, 50_000, 200_000])
def test_many_authors_are_counted_in_bounded_space(authors: int) -> None:
    """Their keys are keyed hashes, so how rare the rarest are tells how many there are."""
    keys = [hashlib.md5(str(number).encode()).hexdigest() for number in range(authors)]  # noqa: S324 - see above
    freshness = FRESH.with_assigned(keys, [], 9)
    assert len(freshness.registers) < 6000
    assert freshness.assigned == pytest.approx(authors, rel=0.06)
    assert freshness.through == 9


def test_drift_is_how_much_farther_the_new_ones_lie() -> None:
    """Nought where they lie as the training's did; of few authors it is not told, and one far one is no drift."""
    usual = FRESH.with_assigned([], [0.5, 1.5] * LEAST_PLACED, 4)
    assert usual.drift == pytest.approx(0.0)
    assert FRESH.with_assigned([], [2.0] * (LEAST_PLACED - 1), 4).drift is None
    assert FRESH.with_assigned([], [1.2] * LEAST_PLACED, 4).drift == pytest.approx(0.2)
    far = usual.with_assigned([], [1e9], 5).drift
    assert far is not None
    assert far < 0.25


def test_no_author_can_be_read_from_what_is_kept() -> None:
    """Most authors leave the same trace as thousands of others."""
    key = "abc8" + "1" * 28
    others = [f"abc{digit}{rest}" + "0" * 27 for digit in "89abcdef" for rest in range(10)]
    kept = FRESH.with_assigned([key], [], 4)
    assert all(FRESH.with_assigned([other], [], 4) == kept for other in others)
    assert key[:13] not in kept.model_dump_json()
    assert str(int(key[:13], 16)) not in kept.model_dump_json()
