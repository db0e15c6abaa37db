"""Groups of few people, of which nothing is told: neither by itself nor as what is left of a total."""

from collections.abc import Mapping
from typing import Final, TypeVar

LEAST_PEOPLE: Final = 5
"""Of a group of fewer people nothing is told: its figures would be nearly those of a person."""

Group = TypeVar("Group", str, int)


def withheld(sizes: Mapping[Group, int], least: int = LEAST_PEOPLE) -> frozenset[Group]:
    """Return the groups of which nothing is told, by how many people each has.

    Those of fewer than `least`, and where there are any the next larger ones too, until at least two groups of `least`
    people together are withheld: what is left of a total then is of no smaller group (complementary suppression,
    L. Willenborg & T. de Waal, "Elements of Statistical Disclosure Control", 2001). An empty group is none.
    """
    by_size = sorted((size, group) for group, size in sizes.items() if size > 0)
    hidden: list[Group] = []
    people = 0
    for size, group in by_size:
        if size >= least and (not hidden or (len(hidden) > 1 and people >= least)):
            break
        hidden.append(group)
        people += size
    return frozenset(hidden)
