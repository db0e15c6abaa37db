"""The texts that wait, in turns by caller: deficit round robin counted in tokens (Shreedhar and Varghese 1995).

A caller at its turn leads one batch and pays for its texts; one that has used more than its part is passed over until
it has made up for that. So a caller with few texts waits for one batch of each other caller at most, whatever they
sent. Within a caller the requests take turns too. No I/O, no clock.
"""

import itertools
from collections import OrderedDict, deque
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic

from services.sentiment.batch import Answer, Asked, QueuedText, Submission, choose

_WINDOW: Final = 64
"""Texts that are looked at for one batch: enough to find eight of about a length."""


@dataclass(frozen=True, eq=False, slots=True)
class TextBatch(Generic[Asked, Answer]):
    """Texts that run together, by length; `leader` is the caller whose turn it was."""

    leader: str
    texts: Sequence[QueuedText[Asked, Answer]]


class FairQueue(Generic[Asked, Answer]):
    """The queue of one model; a caller has a place in it while a text of it waits."""

    def __init__(self, quantum: int) -> None:
        """Give each caller `quantum` tokens a round, at least 1."""
        self._quantum = quantum
        self._callers: OrderedDict[str, _Caller[Asked, Answer]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._callers.values()))

    @property
    def callers(self) -> int:
        """How many callers have texts waiting."""
        return len(self._callers)

    def has(self, caller: str) -> bool:
        """Tell whether texts of a caller wait."""
        return caller in self._callers

    def put(self, submission: Submission[Asked, Answer], tokens: Sequence[int]) -> None:
        """Let a submission's texts wait, each about so many tokens long; there is at least one."""
        if submission.caller not in self._callers:
            self._callers[submission.caller] = _Caller(self._quantum)
        self._callers[submission.caller].put(
            submission, [QueuedText(submission, index, length) for index, length in enumerate(tokens)]
        )

    def next_batch(self, budget: int, most: int, passed_over: Container[str] = ()) -> TextBatch[Asked, Answer] | None:
        """Take the next batch of at most `budget` padded tokens and `most` texts; None where none may lead one.

        Callers of `passed_over` lead none, but their texts may join another's.
        """
        leader = self._leader(passed_over)
        if leader is None:
            return None
        self._callers.move_to_end(leader)
        texts = choose(list(itertools.islice(self._in_turn(), _WINDOW)), budget, most)
        for text in texts:
            self._callers[text.submission.caller].take(text)
        for name in {text.submission.caller for text in texts}:
            if not self._callers[name].requests:
                del self._callers[name]
        return TextBatch(leader, texts)

    def forget(self, submission: Submission[Asked, Answer]) -> None:
        """Take the texts of a finished submission out: no caller waits for them."""
        caller = self._callers.get(submission.caller)
        if caller is not None:
            caller.requests.pop(submission, None)
            if not caller.requests:
                del self._callers[submission.caller]

    def clear(self) -> list[Submission[Asked, Answer]]:
        """Take everything out, and return whose texts waited."""
        submissions = [submission for caller in self._callers.values() for submission in caller.requests]
        self._callers.clear()
        return submissions

    def _leader(self, passed_over: Container[str]) -> str | None:
        """Return the first caller with tokens left; one without gets its part of a round, and goes to the end."""
        ready = deque(name for name in self._callers if name not in passed_over)
        while ready:
            caller = self._callers[ready[0]]
            if caller.tokens > 0:
                return ready[0]
            caller.tokens += self._quantum
            self._callers.move_to_end(ready[0])
            ready.rotate(-1)
        return None

    def _in_turn(self) -> Iterator[QueuedText[Asked, Answer]]:
        """Yield a text of each caller, the one at the end of the round first, then a second one of each, and so on."""
        last = next(reversed(self._callers.values()))
        others = (caller for caller in self._callers.values() if caller is not last)
        return _taking_turns(caller.in_turn() for caller in (last, *itertools.islice(others, _WINDOW)))


class _Caller(Generic[Asked, Answer]):
    """One caller's requests, the one whose turn it is first, and the tokens that are left of its part."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.requests: OrderedDict[Submission[Asked, Answer], dict[int, QueuedText[Asked, Answer]]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self.requests.values()))

    def put(self, submission: Submission[Asked, Answer], texts: Sequence[QueuedText[Asked, Answer]]) -> None:
        self.requests[submission] = {text.index: text for text in texts}

    def take(self, text: QueuedText[Asked, Answer]) -> None:
        self.tokens -= text.tokens
        waiting = self.requests[text.submission]
        del waiting[text.index]
        if waiting:
            self.requests.move_to_end(text.submission)
        else:
            del self.requests[text.submission]

    def in_turn(self) -> Iterator[QueuedText[Asked, Answer]]:
        return _taking_turns(iter(waiting.values()) for waiting in itertools.islice(self.requests.values(), _WINDOW))


def _taking_turns(
    each: Iterable[Iterator[QueuedText[Asked, Answer]]],
) -> Iterator[QueuedText[Asked, Answer]]:
    """Yield one text of each, round after round, until none has any left."""
    waiting = deque(each)
    while waiting:
        text = next(waiting[0], None)
        if text is None:
            waiting.popleft()
            continue
        yield text
        waiting.rotate(-1)
