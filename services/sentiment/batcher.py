"""The queue in front of the model: texts wait here for one of its runners.

No timer: a batch forms when a runner frees, out of whatever has queued meanwhile, so a lone text never
waits for company. The shape is that of Hugging Face's text-embeddings-inference.
"""

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from services.sentiment.batch import QueuedText, Row, Submission, choose
from services.sentiment.tokenizer import Tokens
from shared.errors import OverloadedError, VoxpopError

log = structlog.get_logger(__name__)

Run = Callable[[Sequence[Tokens]], Mapping[str, NDArray[np.float32]]]
"""Blocks, and returns arrays by name, of shape (batch, ...)."""

_WINDOW: Final = 512
_MAX_RETRY_AFTER: Final = 30
_SMOOTHING: Final = 0.2
_STOPPED: Final = "the service stopped before these texts were answered"


class BatchObserver(Protocol):
    """Counts batches."""

    def observe_batch(self, texts: int, real_tokens: int, padded_tokens: int, seconds: float) -> None:
        """Count one batch that ran."""


class InferenceError(VoxpopError):
    """The model failed on the batch that a text was in."""


class Batcher:
    """Runs texts in batches, one batch a runner at a time; belongs to one event loop."""

    def __init__(
        self,
        run: Run,
        *,
        budget: int,
        max_texts: int,
        observer: BatchObserver,
        runners: int = 1,
        batch_texts: int = _WINDOW,
    ) -> None:
        """Run batches by `run`, in as many threads as there are `runners`.

        A batch has at most `budget` padded tokens and `batch_texts` texts; at most `max_texts` texts are admitted at
        once.
        """
        self._run = run
        self._budget = budget
        self._max_texts = max_texts
        self._observer = observer
        self._queue: deque[QueuedText] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._admitted = 0
        self._seconds_a_text = 0.0
        self._closing = False
        self._batch_texts = batch_texts
        self._runners = runners
        self._threads = ThreadPoolExecutor(runners, thread_name_prefix="sentiment-batch")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to serve the queue."""
        self._tasks = [
            asyncio.create_task(self._serve(), name=f"sentiment-batcher-{runner}") for runner in range(self._runners)
        ]

    @property
    def queued(self) -> int:
        """How many texts wait for a batch."""
        return len(self._queue)

    @property
    def admitted(self) -> int:
        """How many texts are being answered, from admission on."""
        return self._admitted

    @property
    def _serving(self) -> bool:
        return any(not task.done() for task in self._tasks)

    def check_running(self) -> None:
        """Raise OverloadedError unless texts are taken."""
        if self._closing or not self._serving:
            raise OverloadedError("the service is not taking texts: it starts or stops")

    @contextmanager
    def admit(self, texts: int) -> Iterator[None]:
        """Hold room for `texts` texts until they are answered; raises OverloadedError where there is none.

        Where nothing else is held, more than the bound fit: no request is refused for ever.
        """
        self.check_running()
        if self._admitted and self._admitted + texts > self._max_texts:
            raise OverloadedError("the queue of texts is full; send this again later", self._seconds_to_wait())
        self._admitted += texts
        self._emptied.clear()
        try:
            yield
        finally:
            self._admitted -= texts
            if not self._admitted:
                self._emptied.set()

    async def submit(self, batch: Sequence[Tokens]) -> list[Row]:
        """Return each text's row, in order; the caller holds room for them by `admit`.

        Raises InferenceError where the model failed, OverloadedError where the service stopped first. When
        the caller is cancelled its texts leave the queue.
        """
        if not batch:
            return []
        if not self._serving:
            raise OverloadedError(_STOPPED)
        submission = Submission(len(batch), asyncio.get_running_loop().create_future())
        self._queue.extend(QueuedText(submission, index, tokens) for index, tokens in enumerate(batch))
        self._filled.set()
        try:
            return await submission.future
        except BaseException:
            self._forget(submission)
            raise

    async def close(self, deadline: float) -> None:
        """Take nothing more, let what was admitted finish for `deadline` seconds, fail the rest, stop."""
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                await self._emptied.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for submission in {waiting.submission for waiting in self._queue}:
            _fail(submission, OverloadedError(_STOPPED))
        self._queue.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self) -> None:
        while True:
            await self._filled.wait()
            batch = self._next_batch()
            if batch:
                await self._answer(batch)
            else:
                self._filled.clear()

    def _next_batch(self) -> list[QueuedText]:
        """Take the next batch out of the queue; what is left keeps its order."""
        if not self._queue:
            return []
        window = list(itertools.islice(self._queue, _WINDOW))
        batch = choose(window, self._budget, self._batch_texts)
        taken = set(map(id, batch))
        for _ in window:
            self._queue.popleft()
        self._queue.extendleft(waiting for waiting in reversed(window) if id(waiting) not in taken)
        return batch

    async def _answer(self, batch: list[QueuedText]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            logits = await loop.run_in_executor(self._threads, self._run, [waiting.tokens for waiting in batch])
            rows = [{head: values[place] for head, values in logits.items()} for place in range(len(batch))]
        except asyncio.CancelledError:
            for waiting in batch:
                _fail(waiting.submission, OverloadedError(_STOPPED))
            raise
        except Exception as error:  # noqa: BLE001 - whatever failed in this batch, the next ones are served
            log.error("batch.failed", error=type(error).__name__, texts=len(batch))  # noqa: TRY400 - may quote a post
            for waiting in batch:
                _fail(waiting.submission, InferenceError("the model failed on these texts"))
            for submission in {waiting.submission for waiting in batch}:
                self._forget(submission)
            return
        for waiting, row in zip(batch, rows, strict=True):
            waiting.submission.deliver(waiting.index, row)
        self._count(batch, loop.time() - started)

    def _count(self, batch: list[QueuedText], seconds: float) -> None:
        lengths = [len(waiting.tokens) for waiting in batch]
        self._observer.observe_batch(len(batch), sum(lengths), max(lengths) * len(batch), seconds)
        self._seconds_a_text += _SMOOTHING * (seconds / len(batch) - self._seconds_a_text)

    def _forget(self, submission: Submission) -> None:
        """Take the texts of a finished submission out of the queue: no caller waits for them."""
        self._queue = deque(waiting for waiting in self._queue if waiting.submission is not submission)

    def _seconds_to_wait(self) -> int:
        return max(1, min(_MAX_RETRY_AFTER, math.ceil(self._admitted * self._seconds_a_text / self._runners)))


def _fail(submission: Submission, error: Exception) -> None:
    if not submission.future.done():
        submission.future.set_exception(error)
