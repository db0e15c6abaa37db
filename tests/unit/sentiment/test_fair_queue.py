"""Turns by caller, under a virtual clock."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sentiment.batch import QueuedText, Submission
from services.sentiment.fair_queue import FairQueue

BUDGET, MOST = 256, 8
LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=30)
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 3000), st.sampled_from(["a", "b", "c", "d"]), LENGTHS, st.integers(0, 9)), max_size=12
)
"""When, who, how long each text is; 0 leaves as soon as the queue has been served once more."""


def submission_of(caller: str, texts: int) -> Submission[Any, Any]:
    """Return a submission whose future nothing looks at."""
    return Submission(caller, range(texts), asyncio.Future(loop=_LOOP), lambda _: None)


_LOOP = asyncio.new_event_loop()
_LOOP.close()


@dataclass
class Machine:
    """Some runners that take as long for a batch as it has padded tokens, and what happened."""

    runners: int
    queue: FairQueue[Any, Any] = field(default_factory=lambda: FairQueue(BUDGET))
    now: int = 0
    running: list[tuple[int, int]] = field(default_factory=list)
    started: list[list[QueuedText[Any, Any]]] = field(default_factory=list)

    def advance(self, moment: int) -> None:
        """Let the runners work until a moment."""
        self._start()
        while self.running and self.running[0][0] <= moment:
            self.now = heapq.heappop(self.running)[0]
            self._start()
        self.now = max(self.now, moment)

    def _start(self) -> None:
        while len(self.running) < self.runners:
            batch = self.queue.next_batch(BUDGET, MOST)
            if batch is None:
                assert not len(self.queue), "a runner is free and a text waits"
                return
            texts = list(batch.texts)
            assert batch.leader in {text.submission.caller for text in texts}
            self.started.append(texts)
            cost = max(text.tokens for text in texts) * len(texts)
            assert len(texts) <= MOST
            assert cost <= BUDGET or len(texts) == 1
            heapq.heappush(self.running, (self.now + cost, len(self.started)))


def runs_of(machine: Machine, submission: Submission[Any, Any]) -> list[int]:
    """Return how often each text of a submission ran."""
    counts = Counter(text.index for texts in machine.started for text in texts if text.submission is submission)
    return [counts[index] for index in range(len(submission.asked))]


@settings(deadline=None)
@given(ARRIVALS, st.integers(0, 3000), st.integers(1, 256), st.integers(1, 3))
def test_a_light_callers_text_waits_for_one_batch_of_each_other(
    arrivals: Sequence[tuple[int, str, list[int], int]], moment: int, length: int, runners: int
) -> None:
    """Whatever others send, and when: no more batches begin before a lone text's than there are callers waiting."""
    machine = Machine(runners)
    light = submission_of("light", 1)
    events = [*((when, caller, lengths) for when, caller, lengths, _ in arrivals), (moment, "light", [length])]
    before, waiting = 0, 0
    for when, caller, lengths in sorted(events):
        machine.advance(when)
        if caller == "light":
            before, waiting = len(machine.started), machine.queue.callers
            machine.queue.put(light, lengths)
        else:
            machine.queue.put(submission_of(caller, len(lengths)), lengths)
    machine.advance(10**9)
    own = next(place for place, texts in enumerate(machine.started) if any(text.submission is light for text in texts))
    assert own - before <= waiting


@settings(deadline=None)
@given(ARRIVALS, st.integers(1, 3))
def test_nothing_is_lost_and_no_runner_idles(arrivals: Sequence[tuple[int, str, list[int], int]], runners: int) -> None:
    """Each text runs once, those of requests that left not at all from then on; while a text waits all runners run."""
    machine = Machine(runners)
    stayed, left = [], []
    for when, caller, lengths, fate in sorted(arrivals, key=lambda each: each[0]):
        machine.advance(when)
        submission = submission_of(caller, len(lengths))
        machine.queue.put(submission, lengths)
        if fate:
            stayed.append(submission)
            continue
        machine.advance(when)
        machine.queue.forget(submission)
        left.append((submission, runs_of(machine, submission)))
    machine.advance(10**9)
    assert all(runs_of(machine, submission) == [1] * len(submission.asked) for submission in stayed)
    assert all(runs_of(machine, submission) == before for submission, before in left)
    assert (len(machine.queue), machine.queue.callers) == (0, 0)


@settings(deadline=None)
@given(st.lists(st.integers(32, 256), min_size=2, max_size=5))
def test_callers_with_much_to_do_get_alike_many_tokens(lengths: list[int]) -> None:
    """Texts of one length each: in the long run no caller gets more than twice the tokens of another."""
    queue: FairQueue[Any, Any] = FairQueue(BUDGET)
    for caller, length in enumerate(lengths):
        queue.put(submission_of(str(caller), 2000), [length] * 2000)
    served: Counter[str] = Counter()
    for _ in range(60 * len(lengths)):
        batch = queue.next_batch(BUDGET, MOST)
        assert batch is not None
        for text in batch.texts:
            served[text.submission.caller] += text.tokens
    assert max(served.values()) <= 2.2 * min(served.values())


def test_requests_of_one_caller_take_turns_too() -> None:
    """A lone text behind a caller's own large request is in the next batch but one."""
    queue: FairQueue[Any, Any] = FairQueue(BUDGET)
    queue.put(submission_of("caller", 100), [256] * 100)
    lone = submission_of("caller", 1)
    queue.put(lone, [20])
    leaders = [queue.next_batch(BUDGET, MOST) for _ in range(2)]
    assert [text.submission for batch in leaders if batch for text in batch.texts][1] is lone


def test_callers_may_be_passed_over() -> None:
    """A caller who may lead no batch keeps its texts, and its turn."""
    queue: FairQueue[Any, Any] = FairQueue(BUDGET)
    queue.put(submission_of("a", 1), [256])
    assert queue.next_batch(BUDGET, MOST, {"a"}) is None
    queue.put(submission_of("b", 1), [256])
    batches = [queue.next_batch(BUDGET, MOST, passed_over) for passed_over in ({"a"}, set[str]())]
    assert [batch.leader for batch in batches if batch] == ["b", "a"]
