"""Which of the waiting texts run together."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sentiment.tokenizer import Tokens

Row = dict[str, NDArray[np.float32]]
"""What one text got, by name: a head's logits, (classes,); `entities`, (length, labels); `embedding`, (dimensions,).

The length is that of the batch's longest text.
"""


class Submission:
    """Texts that were handed in together: their rows so far, and the future of all of them."""

    def __init__(self, texts: int, future: asyncio.Future[list[Row]]) -> None:
        """Wait for `texts` rows."""
        self.future = future
        self._rows: list[Row | None] = [None] * texts
        self._missing = texts

    def deliver(self, index: int, row: Row) -> None:
        """Take one text's row; the last one resolves the future. A caller that is gone is no error."""
        self._rows[index] = row
        self._missing -= 1
        if not self._missing and not self.future.done():
            self.future.set_result([row for row in self._rows if row is not None])


@dataclass(frozen=True, eq=False, slots=True)
class QueuedText:
    """One text in the queue: the `index`-th of its submission."""

    submission: Submission
    index: int
    tokens: Tokens


def choose(window: Sequence[QueuedText], budget: int, most: int) -> list[QueuedText]:
    """Return the texts of the next batch, by length, out of the oldest ones waiting, `window[0]` the oldest.

    The oldest is always among them, so nothing starves, even where it alone exceeds the budget. Its
    neighbours in length join, the nearest first, while longest times count stays within `budget` padded
    tokens and the count within `most`: little padding, whatever else waits.
    """
    oldest = window[0]
    by_length = sorted(window, key=lambda waiting: len(waiting.tokens))
    first = last = next(place for place, waiting in enumerate(by_length) if waiting is oldest)
    while last - first + 1 < most:
        count = last - first + 2
        shorter = first > 0 and len(by_length[last].tokens) * count <= budget
        longer = last + 1 < len(by_length) and len(by_length[last + 1].tokens) * count <= budget
        if shorter and longer:
            below = len(oldest.tokens) - len(by_length[first - 1].tokens)
            above = len(by_length[last + 1].tokens) - len(oldest.tokens)
            shorter, longer = below <= above, above < below
        if shorter:
            first -= 1
        elif longer:
            last += 1
        else:
            break
    return by_length[first : last + 1]
