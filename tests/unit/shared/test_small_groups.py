"""Small groups are withheld, also from those who know the totals."""

from hypothesis import given
from hypothesis import strategies as st

from shared.small_groups import LEAST_PEOPLE, withheld


@given(st.dictionaries(st.integers(0, 60), st.integers(0, 40), max_size=20))
def test_what_is_left_of_a_total_is_no_small_group(sizes: dict[int, int]) -> None:
    """Nothing, or five people and more of two groups and more; but for totals that are smaller themselves."""
    hidden = withheld(sizes)
    assert {group for group, size in sizes.items() if 0 < size < LEAST_PEOPLE} <= hidden
    left = sum(sizes[group] for group in hidden)
    inhabited = {group for group, size in sizes.items() if size}
    assert not hidden or hidden == inhabited or (left >= LEAST_PEOPLE and len(hidden) > 1)
    assert not hidden or min(sizes[group] for group in hidden) < LEAST_PEOPLE


@given(st.dictionaries(st.integers(0, 60), st.integers(5, 40), max_size=20))
def test_nothing_is_withheld_where_no_group_is_small(sizes: dict[int, int]) -> None:
    """Figures of five people and more are told."""
    assert not withheld(sizes)
