"""Which texts run together."""

from unittest.mock import Mock

from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.batch import QueuedText, choose

LENGTHS = st.lists(st.integers(1, 64), min_size=1, max_size=60)


def queue_of(lengths: list[int]) -> list[QueuedText[object, object]]:
    """Return texts of these lengths, the one whose turn it is first."""
    return [QueuedText(Mock(), i, length) for i, length in enumerate(lengths)]


def padded(batch: list[QueuedText[object, object]]) -> int:
    """Return the tokens that the batch costs."""
    return len(batch) * max(waiting.tokens for waiting in batch)


@given(LENGTHS, st.integers(1, 512), st.integers(1, 64))
def test_the_one_whose_turn_it_is_runs_and_the_bounds_are_kept(lengths: list[int], budget: int, most: int) -> None:
    """Whatever waits, the first is in the next batch, which exceeds the budget only where it runs alone."""
    window = queue_of(lengths)
    batch = choose(window, budget, most)
    assert len(batch) <= most
    assert window[0] in batch
    assert padded(batch) <= budget or len(batch) == 1
    assert len({waiting.index for waiting in batch}) == len(batch)


@given(LENGTHS, st.integers(1, 512))
def test_a_batch_is_a_run_of_neighbours_in_length_that_cannot_grow(lengths: list[int], budget: int) -> None:
    """The batch has no gap in length, and no neighbour would still fit: no room and little padding is wasted."""
    window = queue_of(lengths)
    batch = choose(window, budget, len(window))
    inside = [waiting.tokens for waiting in batch]
    outside = [waiting.tokens for waiting in window if waiting not in batch]
    assert inside == sorted(inside)
    assert not any(inside[0] < length < inside[-1] for length in outside)
    below = [length for length in outside if length <= inside[0]]
    above = [length for length in outside if length >= inside[-1]]
    for neighbour in [*sorted(below)[-1:], *sorted(above)[:1]]:
        assert max(neighbour, inside[-1]) * (len(batch) + 1) > budget


def test_the_nearest_lengths_join_first() -> None:
    """Texts of about the first one's length run with it, though others came before them."""
    batch = choose(queue_of([10, 1, 30, 11, 9]), 33, 5)
    assert [waiting.tokens for waiting in batch] == [9, 10, 11]
