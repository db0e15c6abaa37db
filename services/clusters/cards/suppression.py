"""Which cells of a table of people may be told: neither they nor what is left of a line is of fewer than five."""

import numpy as np
from numpy.typing import NDArray

from shared.small_groups import LEAST_PEOPLE

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def people_in(rows: Ints, columns: Ints, people: Ints, shape: tuple[int, int]) -> Ints:
    """Return how many different people each cell has, (rows, columns); the arguments have one entry a post."""
    cells = rows * shape[1] + columns
    many = int(people.max(initial=0)) + 1
    met = np.unique(cells * many + people) // many
    counts: Ints = np.bincount(met, minlength=shape[0] * shape[1]).reshape(shape)
    return counts


def told_cells(people: Ints) -> Mask:
    """Return which cells may be told, by how many people each has, (rows, columns).

    A cell of fewer than five is not told, nor, as long as a row or a column has fewer than two that are not told or
    fewer than five people in them, the next larger one of it (complementary suppression in two dimensions:
    L. Willenborg & T. de Waal, "Elements of Statistical Disclosure Control", 2001). An empty cell has no figure.
    """
    hidden = (people > 0) & (people < LEAST_PEOPLE)
    before = -1
    while before != hidden.sum():
        before = int(hidden.sum())
        for lines, marks in ((people, hidden), (people.T, hidden.T)):
            for line, marked in zip(lines, marks, strict=True):
                _complete(line, marked)
    return (people > 0) & ~hidden


def _complete(people: Ints, hidden: Mask) -> None:
    if not hidden.any():
        return
    left = sorted(np.flatnonzero((people > 0) & ~hidden).tolist(), key=lambda place: (people[place], place))
    for place in left:
        if hidden.sum() > 1 and people[hidden].sum() >= LEAST_PEOPLE:
            return
        hidden[place] = True
