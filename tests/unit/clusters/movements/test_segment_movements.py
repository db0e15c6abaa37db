"""What moved between two windows, found in planted posts."""

import random

import pytest

from services.clusters.cards.cluster import ClusterCard
from services.clusters.movements.movement import Direction
from services.clusters.movements.segment_movements import RunSizes
from tests.unit.clusters.movements.planted import (
    GROWING,
    SMALL,
    SOURING,
    STEADY,
    card,
    moved,
    planted,
    windows,
)


def test_a_segment_that_grew_is_told_with_the_term_that_brought_the_people() -> None:
    """Thirty people more, all of whom write a word that was not there before; its share is the whole change."""
    found, note = moved(*planted())
    (change,) = found[GROWING].changes
    assert note is None
    assert (change.direction, change.since, change.value, change.value_before) == ("grew", "window", 50, 20)
    assert change.p < 0.001
    (driver,) = change.terms
    assert (driver.name, driver.people, driver.people_before, driver.share) == ("strike", 30, 0, 1.0)


def test_a_segment_whose_mood_worsened_is_told_with_the_term_that_carries_it() -> None:
    """A quarter of its people write badly of what they wrote well of before."""
    found, _ = moved(*planted())
    (change,) = found[SOURING].changes
    assert (change.direction, change.since) == (Direction.WORSENED, "window")
    assert change.value is not None
    assert change.value_before is not None
    assert change.value < change.value_before - 0.1
    assert change.terms[0].name == "cabin"
    assert change.terms[0].share == pytest.approx(1.0, abs=0.05)
    assert {driver.name for driver in change.terms}.isdisjoint({"lounge", "ticket", "legroom"})


def test_a_segment_that_stays_as_it_was_has_figures_and_no_change() -> None:
    """The same people write the same in both windows."""
    found, _ = moved(*planted())
    steady = found[STEADY]
    assert (steady.changes, steady.people, steady.people_before, steady.posts) == ([], 30, 30, 30)
    assert list(found)[-1] == STEADY


def test_the_order_of_posts_changes_nothing() -> None:
    """Shuffled posts and members give the same answer."""
    rows, members = planted()
    shuffled, pairs = [*rows], [*members.items()]
    random.Random(3).shuffle(shuffled)  # noqa: S311 - an order, no secret
    random.Random(4).shuffle(pairs)  # noqa: S311
    assert moved(shuffled, dict(pairs)) == moved(rows, members)


def test_what_fewer_than_five_people_wrote_or_are_is_not_told() -> None:
    """Neither a small segment, nor a word of four people, nor what is left beside them."""
    found, _ = moved(*planted())
    assert SMALL not in found
    told = str(found)
    assert "secretword" not in told
    assert "rareword" not in told


def test_few_people_of_a_window_are_withheld_with_another_figure_beside_them() -> None:
    """Four people wrote before: neither their number nor their score is told, nor what others would betray of it."""
    rows, members = planted()
    few = {row["author_key"] for row in rows if members[row["author_key"]] == GROWING}
    kept = sorted(few)[:4]
    rows = [one for one in rows if one["author_key"] not in few or one["author_key"] in kept or "strike" in one["text"]]
    found, _ = moved(rows, members)
    growing = found[GROWING]
    assert (growing.people_before, growing.posts_before, growing.mean_score_before) == (None, None, None)
    assert sum(one.people_before is None for one in found.values()) > 1
    (change,) = growing.changes
    assert change.value_before is None
    assert "fewer than are told before" in change.words


def test_a_difference_that_chance_makes_is_no_change() -> None:
    """Three people come and two go away: nothing is told of that."""
    rows, members = planted()
    stay = [one for one in rows if "strike" not in one["text"]]
    gone = {one["author_key"] for one in stay if members[one["author_key"]] == STEADY}
    less = sorted(gone)[:3]
    rows = [one for one in stay if one["author_key"] not in less or one["hour"].day == 25]
    found, _ = moved(rows, members)
    assert found[STEADY].people_before == 27
    assert not found[STEADY].changes


def test_texts_that_expired_make_no_segment_grow() -> None:
    """Where most posts of before have lost their texts, a sentence is told in place of sizes; moods are compared."""
    rows, members = planted()
    found, note = moved(rows, members, counted=windows(1000, 200))
    assert note is not None
    assert "most texts of the window are kept" in note
    assert [change.direction for one in found.values() for change in one.changes] == [Direction.WORSENED]


@pytest.mark.parametrize("day", [24, 25])
def test_a_window_without_posts_is_told_in_a_sentence(day: int) -> None:
    """No change of the windows is told, and no figure is a NaN."""
    rows, members = planted()
    found, note = moved([one for one in rows if one["hour"].day == day], members)
    assert note is not None
    assert "no post of the window" in note
    assert not any(one.changes for one in found.values())
    nothing, note = moved([], members)
    assert note is not None
    assert {(one.people, one.mean_score) for one in nothing.values()} == {(0, None)}


def test_since_the_run_before_shares_of_authors_are_compared() -> None:
    """A segment of half the people of before has shrunk; one that the run before did not have is not compared."""
    before = RunSizes([card(SOURING, 60), card(STEADY, 31)], 120)
    found, _ = moved(*planted(), before=before)
    (shrunk,) = [change for change in found[SOURING].changes if change.since == "run"]
    assert (shrunk.direction, shrunk.value, shrunk.value_before) == (Direction.SHRANK, 30, 60)
    assert (found[STEADY].size_before, found[STEADY].changes) == (31, [])
    assert found[GROWING].size_before is None


def test_nothing_is_told_of_what_a_sensitive_segment_writes() -> None:
    """Its figures are, the words that drive them are not; of other segments sensitive words are left out."""
    rows, members = planted()
    for one in rows:
        if members[one["author_key"]] == GROWING:
            one["text"] = one["text"].replace("strike", "church prayer").replace("talk", "mosque")
    found, _ = moved(rows, members)
    (change,) = found[GROWING].changes
    assert (change.direction, change.terms) == (Direction.GREW, [])


def test_a_card_that_is_not_told_is_no_segment() -> None:
    """Segments are those of the run's cards."""
    found, _ = moved(*planted())
    assert all(isinstance(card(cluster, 30), ClusterCard) for cluster in found)
    assert set(found) == {GROWING, SOURING, STEADY}
