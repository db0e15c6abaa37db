"""Which of the waiting texts run together."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Submission(Generic[Asked, Answer]):
    """Texts that one caller handed in together: their answers so far, and the future of all of them."""

    def __init__(
        self,
        caller: str,
        asked: Sequence[Asked],
        future: asyncio.Future[list[Answer]],
        give_back: Callable[[int], None],
    ) -> None:
        """Wait for an answer to each of `asked`; `give_back` frees the room of so many tokens."""
        self._give_back = give_back
        self.caller = caller
        self.asked = asked
        self.future = future
        self._answers: dict[int, Answer] = {}

    def deliver(self, index: int, answer: Answer, tokens: int) -> None:
        """Take the answer to a text of so many tokens; the last one resolves the future.

        A caller that is gone is no error: its room is free already.
        """
        if self.future.done():
            return
        self._answers[index] = answer
        self._give_back(tokens)
        if len(self._answers) == len(self.asked):
            self.future.set_result([self._answers[place] for place in range(len(self.asked))])

    def fail(self, error: Exception) -> None:
        """Let the caller have the error in place of the answers."""
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(frozen=True, eq=False, slots=True)
class QueuedText(Generic[Asked, Answer]):
    """One text in the queue: the `index`-th of its submission, about `tokens` long."""

    submission: Submission[Asked, Answer]
    index: int
    tokens: int

    @property
    def asked(self) -> Asked:
        """What is asked of the text."""
        return self.submission.asked[self.index]


def choose(window: Sequence[QueuedText[Asked, Answer]], budget: int, most: int) -> list[QueuedText[Asked, Answer]]:
    """Return the texts of the next batch, by length, out of those waiting; `window[0]` is the one whose turn it is.

    That one is always among them, so nothing starves, even where it alone exceeds the budget. Its
    neighbours in length join, the nearest first, while longest times count stays within `budget` padded
    tokens and the count within `most`: little padding, whatever else waits.
    """
    first_served = window[0]
    by_length = sorted(window, key=lambda waiting: waiting.tokens)
    first = last = next(place for place, waiting in enumerate(by_length) if waiting is first_served)
    while last - first + 1 < most:
        count = last - first + 2
        shorter = first > 0 and by_length[last].tokens * count <= budget
        longer = last + 1 < len(by_length) and by_length[last + 1].tokens * count <= budget
        if shorter and longer:
            below = first_served.tokens - by_length[first - 1].tokens
            above = by_length[last + 1].tokens - first_served.tokens
            shorter, longer = below <= above, above < below
        if shorter:
            first -= 1
        elif longer:
            last += 1
        else:
            break
    return by_length[first : last + 1]
