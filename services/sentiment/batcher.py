"""The way of texts from the queue to the runners, the threads that read them.

No timer: a batch forms when a runner is free, out of whatever has queued meanwhile, so a lone text never
waits for company. The shape is that of Hugging Face's text-embeddings-inference, with turns by caller.
"""

import asyncio
import itertools
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final, Generic

import structlog

from services.sentiment.admission import Admission
from services.sentiment.batch import Answer, Asked, Submission
from services.sentiment.fair_queue import FairQueue, TextBatch
from shared.errors import OverloadedError, VoxpopError

log = structlog.get_logger(__name__)

_ABOUT_SECONDS: Final = 1.0
"""For how long a caller who sent texts is counted among those who may send more."""
_LESS: Final = 10
"""Steps of priority by which a thread goes behind: Linux then gives it a tenth of a processor that others want."""
_STOPPED: Final = "the service stopped before these texts were answered"


class InferenceError(VoxpopError):
    """The model failed on the batch that a text was in."""


@dataclass(frozen=True, slots=True)
class _Runner(Generic[Asked, Answer]):
    """The work of one thread, whose priority is `low` or like that of the event loop."""

    work: SimpleQueue[TextBatch[Asked, Answer] | None]
    low: bool


class Batcher(Generic[Asked, Answer]):
    """Runs texts in batches, one batch a runner at a time; belongs to one event loop."""

    def __init__(
        self,
        run: Callable[[Sequence[Asked]], Sequence[Answer]],
        *,
        budget: int,
        batch_texts: int,
        admission: Admission,
        runners: int = 1,
    ) -> None:
        """Answer batches by `run`, which blocks, in as many threads at once as there are `runners`.

        A batch has at most `budget` padded tokens and `batch_texts` texts. Beside the `runners`, which any caller may
        take all of, there is one that serves a caller who has no batch running: what one sends, another finds a free
        runner. While others are about, batches of a caller with more texts waiting run in threads of a lower priority,
        so that the others' texts, and the event loop, have the processors first.
        """
        self._run = run
        self._budget = budget
        self._batch_texts = batch_texts
        self.admission = admission
        self._runners = runners
        self._queue: FairQueue[Asked, Answer] = FairQueue(budget)
        self._idle: dict[bool, list[_Runner[Asked, Answer]]] = {
            low: [_Runner(SimpleQueue(), low) for _ in range(runners + 1)] for low in (False, True)
        }
        self._running: dict[TextBatch[Asked, Answer], tuple[_Runner[Asked, Answer], float]] = {}
        self._about: OrderedDict[str, float] = OrderedDict()
        self._serving = False
        self._closing = False

    def start(self) -> None:
        """Begin to serve the queue."""
        self._serving = True
        self._loop = asyncio.get_running_loop()
        for place, runner in enumerate(itertools.chain(*self._idle.values())):
            threading.Thread(target=self._serve, args=(runner,), name=f"sentiment-runner-{place}").start()

    @property
    def queued(self) -> int:
        """How many texts wait for a batch."""
        return len(self._queue)

    def check_running(self) -> None:
        """Raise OverloadedError unless texts are taken."""
        if self._closing or not self._serving:
            raise OverloadedError("the service is not taking texts: it starts or stops")

    async def submit(self, caller: str, asked: Sequence[Asked], tokens: Sequence[int]) -> list[Answer]:
        """Return the answer to each, in order; `tokens` are about the length of each text, at least 1.

        Raises OverloadedError where there is no room for them or the service stopped first, InferenceError where the
        model failed. When the task is cancelled its texts leave the queue.
        """
        self.check_running()
        if not asked:
            return []
        with self.admission.admit(caller, sum(tokens)) as give_back:
            submission = Submission[Asked, Answer](caller, asked, self._loop.create_future(), give_back)
            self._queue.put(submission, tokens)
            self._about[caller] = self._loop.time()
            self._about.move_to_end(caller)
            self._dispatch()
            try:
                return await submission.future
            finally:
                self._queue.forget(submission)

    async def close(self, deadline: float) -> None:
        """Take nothing more, let what was admitted finish for `deadline` seconds, fail the rest, stop."""
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                await self.admission.emptied()
        self._serving = False
        running = [text.submission for batch in self._running for text in batch.texts]
        for submission in [*self._queue.clear(), *running]:
            submission.fail(OverloadedError(_STOPPED))
        for runner in itertools.chain(*self._idle.values(), (runner for runner, _ in self._running.values())):
            runner.work.put(None)

    def _dispatch(self) -> None:
        """Give batches to runners as long as there are both; the last runner is for callers who have none."""
        while len(self._running) <= self._runners:
            last = len(self._running) == self._runners
            served = {batch.leader for batch in self._running} if last else ()
            batch = self._queue.next_batch(self._budget, self._batch_texts, served)
            if batch is None:
                return
            # The one that ran last has its memory in the processor's cache.
            runner = self._idle[self._may_wait(batch.leader)].pop()
            self._running[batch] = runner, self._loop.time()
            runner.work.put(batch)

    def _may_wait(self, caller: str) -> bool:
        """Tell whether a caller has more texts than run, and others sent some a moment ago."""
        now = self._loop.time()
        while self._about and next(iter(self._about.values())) < now - _ABOUT_SECONDS:
            self._about.popitem(last=False)
        return self._queue.has(caller) and bool(self._about.keys() - {caller})

    def _serve(self, runner: "_Runner[Asked, Answer]") -> None:
        """Answer batches until there are no more: a runner's thread."""
        if runner.low and sys.platform == "linux":
            with suppress(OSError):
                thread = threading.get_native_id()
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _LESS)
        while (batch := runner.work.get()) is not None:
            answers: Sequence[Answer] | None = None
            try:
                answers = self._run([text.asked for text in batch.texts])
            except Exception as error:  # noqa: BLE001 - whatever failed in this batch, the next ones are served
                log.error("batch.failed", error=type(error).__name__, texts=len(batch.texts))  # noqa: TRY400 - may quote a post
            # Where the loop is gone, so is every caller.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._finish, batch, answers)

    def _finish(self, batch: TextBatch[Asked, Answer], answers: Sequence[Answer] | None) -> None:
        runner, started = self._running.pop(batch)
        self._idle[runner.low].append(runner)
        if answers is None:
            for submission in {text.submission for text in batch.texts}:
                submission.fail(InferenceError("the model failed on these texts"))
                self._queue.forget(submission)
        else:
            for text, answer in zip(batch.texts, answers, strict=True):
                text.submission.deliver(text.index, answer, text.tokens)
            tokens = sum(text.tokens for text in batch.texts)
            self.admission.observe(tokens, (self._loop.time() - started) / self._runners)
        self._dispatch()
