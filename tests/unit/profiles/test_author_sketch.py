"""How many authors there were."""

import hashlib
import random
from functools import lru_cache, reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.author_sketch import (
    MOST,
    MOST_JOINED,
    NOBODY,
    AuthorSketch,
    joined,
    sketch,
    union,
    without,
)

SOME = MOST + 1500
FOUR_ERRORS = 4 / MOST**0.5
"""Four times the standard error of an estimate."""


@lru_cache(maxsize=1)
def crowd() -> tuple[str, ...]:
    """Return the keys of many authors, each a keyed hash as in life."""
    return tuple(hashlib.sha256(f"author {number}".encode()).hexdigest()[:32] for number in range(60_000))


def ranges(most: int) -> st.SearchStrategy[AuthorSketch]:
    """Return sketches of a stretch of the crowd, small or saturated."""
    return st.builds(
        lambda start, count: sketch(crowd()[start : start + count]),
        st.integers(0, 8000),
        st.sampled_from([0, 1, 2, 50, 3000, MOST, MOST + 1, most]),
    )


SKETCHES = ranges(SOME)


@settings(max_examples=60)
@given(SKETCHES, SKETCHES, SKETCHES)
def test_grouping_does_not_matter(one: AuthorSketch, two: AuthorSketch, three: AuthorSketch) -> None:
    """A union is associative, saturated or not."""
    assert union(union(one, two), three) == union(one, union(two, three))


@settings(max_examples=60)
@given(SKETCHES, SKETCHES)
def test_sides_do_not_matter_and_nobody_adds_nothing(one: AuthorSketch, other: AuthorSketch) -> None:
    """A union is commutative and idempotent, with `NOBODY` as its unit."""
    assert union(one, other) == union(other, one)
    assert union(one, one) == one
    assert union(one, NOBODY) == one == union(NOBODY, one)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 12_000), max_size=400), st.integers(1, 7))
def test_parts_give_the_sketch_of_the_whole(numbers: list[int], parts: int) -> None:
    """Authors in any number of parts, overlapping or not, give the sketch of all of them at once."""
    keys = [crowd()[number] for number in numbers]
    pieces = [sketch(keys[part::parts] + keys[:3]) for part in range(parts)]
    assert reduce(union, pieces, NOBODY) == sketch(keys)


def test_a_saturated_whole_is_that_of_its_parts() -> None:
    """Beyond the bound, too, order and grouping leave no trace."""
    keys = list(crowd()[:20_000])
    random.Random(3).shuffle(keys)  # noqa: S311 - any order will do
    pieces = [sketch(keys[start : start + 900]) for start in range(0, len(keys), 800)]
    assert reduce(union, pieces, NOBODY) == sketch(crowd()[:20_000])


@pytest.mark.parametrize("size", [0, 1, 2, 100, MOST - 1, MOST])
def test_up_to_the_bound_the_count_is_exact(size: int) -> None:
    """Each author counts once, however often seen."""
    one = sketch([*crowd()[:size], *crowd()[: size // 2]])
    assert (one.authors, one.kept, one.exact) == (size, size, True)


@pytest.mark.parametrize("size", [MOST + 1, 5000, 10_000, 30_000, 60_000])
def test_beyond_the_bound_the_count_is_an_estimate(size: int) -> None:
    """It is within four standard errors, and no larger than the bound to keep."""
    one = sketch(crowd()[:size])
    assert (one.kept, one.exact) == (MOST, False)
    assert len(one.numbers) == 8 * MOST
    assert one.authors == pytest.approx(size, rel=FOUR_ERRORS)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9000), st.sampled_from([0, 10, 2000, MOST + 900])), max_size=5))
def test_what_is_joined_is_everybody_below_the_lowest_threshold(stretches: list[tuple[int, int]]) -> None:
    """Joining to read loses nothing: it keeps what brute force keeps."""
    everybody = {key for start, count in stretches for key in crowd()[start : start + count]}
    found = joined(sketch(crowd()[start : start + count]) for start, count in stretches)
    numbers = sorted(int(key[-15:], 16) for key in everybody)
    kept = [number for number in numbers if number < found.theta]
    assert found.numbers == b"".join(number.to_bytes(8, "little") for number in kept)
    if found.exact:
        assert found.authors == len(everybody)
    else:
        assert found.authors == pytest.approx(len(everybody), rel=FOUR_ERRORS)


def test_many_exact_hours_join_exactly_beyond_the_bound() -> None:
    """A day of hours none of which is saturated counts every author of the day."""
    hours = [sketch(crowd()[start : start + 3000]) for start in range(0, 30_000, 2000)]
    assert joined(hours).authors == 31_000
    assert joined(hours).exact
    assert joined([]) == NOBODY


def test_sketches_are_merged_not_sorted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that ascend already are merged: what sorts them from the beginning takes thirty times as long."""
    one, other = sketch(crowd()[:9000]), sketch(crowd()[5000:15_000])
    monkeypatch.setattr(np, "unique", None)
    assert joined([one, other]).kept >= union(one, other).kept == MOST


def test_a_reading_of_many_saturated_sketches_is_bounded() -> None:
    """However many are joined, an estimate keeps a bounded number, the lowest, and is no worse for it."""
    everybody = [f"{number * 2654435761 % 2**32 << 28:032x}" for number in range(120_000)]
    found = joined(sketch(everybody[start : start + MOST + 1]) for start in range(0, len(everybody), MOST))
    assert found.kept == MOST_JOINED
    assert found.authors == pytest.approx(len(everybody), rel=FOUR_ERRORS)


@settings(max_examples=40)
@given(st.sets(st.integers(0, 200)), st.sets(st.integers(0, 400)))
def test_who_is_taken_out_is_gone(staying: set[int], going: set[int]) -> None:
    """What is left of an exact sketch is that of the others; who was not in it changes nothing."""
    whole = sketch(crowd()[number] for number in staying | going)
    assert without(whole, [crowd()[number] for number in going]) == sketch(
        crowd()[number] for number in staying - going
    )
    assert without(whole, [crowd()[number] for number in range(1000, 1010)]) == whole


def test_a_saturated_sketch_without_some_still_estimates() -> None:
    """The threshold stays: the rest is as fair a sample as before, and a union with it is too."""
    whole = sketch(crowd()[:20_000])
    rest = without(whole, crowd()[:5000])
    assert rest.theta == whole.theta
    assert rest.authors == pytest.approx(15_000, rel=FOUR_ERRORS)
    again = union(rest, sketch(crowd()[20_000:40_000]))
    assert again.authors == pytest.approx(35_000, rel=FOUR_ERRORS)
    assert union(rest, whole) == whole


def test_a_sketch_from_which_all_are_gone_is_not_nobody() -> None:
    """A threshold below one says that others had been there: it bounds what a union may claim to know."""
    whole = sketch(crowd()[: MOST + 1])
    empty = without(whole, crowd()[: MOST + 1])
    assert (empty.kept, empty.authors, empty.exact) == (0, 0, False)
    assert union(empty, sketch(crowd()[:10])).theta == whole.theta
    assert joined([empty, sketch(crowd()[:10])]).theta == whole.theta


def test_numbers_are_kept_ascending_and_small() -> None:
    """Sixty bits, so that every store keeps the threshold as a plain integer."""
    one = sketch(["f" * 32, "0" * 32, "0" * 31 + "1"])
    numbers = [int.from_bytes(one.numbers[place : place + 8], "little") for place in range(0, 24, 8)]
    assert numbers == [0, 1, 16**15 - 1]
    assert one.theta == 16**15 < 2**63
