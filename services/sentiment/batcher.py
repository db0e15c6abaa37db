"""The way of texts from the queue to the runners, the threads that read them.

No timer: a batch forms when a runner is free, out of whatever has queued meanwhile, so a lone text never
waits for company. The shape is that of Hugging Face's text-embeddings-inference, with turns by caller.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final, Generic

import structlog

from services.sentiment.admission import Admission
from services.sentiment.batch import Answer, Asked, Submission
from services.sentiment.fair_queue import FairQueue, TextBatch
from shared.errors import OverloadedError, VoxpopError

log = structlog.get_logger(__name__)

_STOPPED: Final = "the service stopped before these texts were answered"


class InferenceError(VoxpopError):
    """The model failed on the batch that a text was in."""


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
        runner, and shares the processors with those that run.
        """
        self._run = run
        self._budget = budget
        self._batch_texts = batch_texts
        self.admission = admission
        self._runners = runners
        self._queue: FairQueue[Asked, Answer] = FairQueue(budget)
        self._idle: list[SimpleQueue[TextBatch[Asked, Answer] | None]] = [SimpleQueue() for _ in range(runners + 1)]
        self._running: dict[TextBatch[Asked, Answer], tuple[SimpleQueue[TextBatch[Asked, Answer] | None], float]] = {}
        self._serving = False
        self._closing = False

    def start(self) -> None:
        """Begin to serve the queue."""
        self._serving = True
        self._loop = asyncio.get_running_loop()
        for place, work in enumerate(self._idle):
            threading.Thread(target=self._serve, args=(work,), name=f"sentiment-runner-{place}").start()

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
        for work in [*self._idle, *(work for work, _ in self._running.values())]:
            work.put(None)

    def _dispatch(self) -> None:
        """Give batches to runners as long as there are both; the last runner is for callers who have none."""
        while self._idle:
            last = len(self._running) == self._runners
            served = {batch.leader for batch in self._running} if last else ()
            batch = self._queue.next_batch(self._budget, self._batch_texts, served)
            if batch is None:
                return
            # The one that ran last has its memory in the processor's cache.
            work = self._idle.pop()
            self._running[batch] = work, self._loop.time()
            work.put(batch)

    def _serve(self, work: SimpleQueue[TextBatch[Asked, Answer] | None]) -> None:
        """Answer batches until there are no more: a runner's thread."""
        while (batch := work.get()) is not None:
            answers: Sequence[Answer] | None = None
            try:
                answers = self._run([text.asked for text in batch.texts])
            except Exception as error:  # noqa: BLE001 - whatever failed in this batch, the next ones are served
                log.error("batch.failed", error=type(error).__name__, texts=len(batch.texts))  # noqa: TRY400 - may quote a post
            # Where the loop is gone, so is every caller.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._finish, batch, answers)

    def _finish(self, batch: TextBatch[Asked, Answer], answers: Sequence[Answer] | None) -> None:
        work, started = self._running.pop(batch)
        self._idle.append(work)
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
