"""What is told of tables of people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from services.clusters.cards.suppression import people_in, told_cells

TABLES = arrays(np.int64, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 12))


@given(TABLES)
def test_neither_a_cell_nor_what_is_left_of_a_line_is_of_fewer_than_five(people: np.ndarray) -> None:
    """Each told cell has five people; what is not told of a row or column with told cells is nothing, or two cells."""
    told = told_cells(people)
    assert (people[told] >= 5).all()
    for line, marks in [*zip(people, told, strict=True), *zip(people.T, told.T, strict=True)]:
        left = line[(line > 0) & ~marks]
        if marks.any() and len(left):
            assert len(left) > 1
            assert left.sum() >= 5


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ([[9, 8], [7, 6]], [[1, 1], [1, 1]]),
        ([[9, 4, 5], [9, 9, 9]], [[1, 0, 0], [1, 0, 0]]),
        ([[9, 0, 5], [9, 9, 0]], [[1, 0, 1], [1, 1, 0]]),
        ([[3]], [[0]]),
    ],
)
def test_the_next_larger_cell_goes_with_a_small_one(people: list[list[int]], told: list[list[int]]) -> None:
    """In its row and in its column; a table without small cells is told whole."""
    assert told_cells(np.array(people)).astype(int).tolist() == told


def test_a_person_counts_once_in_a_cell() -> None:
    """However many posts they wrote there."""
    rows, columns, people = np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]), np.array([7, 7, 8, 7])
    assert people_in(rows, columns, people, (2, 2)).tolist() == [[0, 2], [1, 0]]
