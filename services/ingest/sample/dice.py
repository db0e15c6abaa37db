"""Seeded draws that come out alike on every Python version.

Only `random.Random.random` promises the same sequence from release to release, so everything is built on it.
"""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A source of reproducible draws."""

    def __init__(self, seed: int) -> None:
        """Start the sequence that belongs to `seed`."""
        self._random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """Return true with `probability`, which lies in [0, 1]."""
        return self._random.random() < probability

    def uniform(self, low: float, high: float) -> float:
        """Return a float in [low, high)."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """Return an integer between `low` and `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of `items`, each as likely as the others; `items` is not empty."""
        return items[self.whole(0, len(items) - 1)]

    def weighted(self, items: Sequence[tuple[Item, float]]) -> Item:
        """Return one of the (item, weight) pairs' items, as likely as its weight is large."""
        left = self._random.random() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]

    def shuffled(self, count: int) -> list[int]:
        """Return the numbers 0 to `count` - 1 in random order (Fisher and Yates)."""
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self.whole(0, last)
            order[last], order[other] = order[other], order[last]
        return order

    def heavy(self, median: float, sigma: float) -> float:
        """Return a log-normal draw, by Box and Muller: half lie below `median`, `sigma` is the spread of the log."""
        radius = math.sqrt(-2 * math.log(1 - self._random.random()))
        return median * math.exp(sigma * radius * math.cos(2 * math.pi * self._random.random()))
