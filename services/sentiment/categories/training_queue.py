"""Makes sets out of examples: one training at a time, off the event loop, within a deadline."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.sentiment.cancellation import Cancellation, WorkCancelledError
from services.sentiment.categories.catalog import CategoryCatalog
from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import Example, PackedExamples, checked, pack
from services.sentiment.categories.regression import FittedClassifier, train
from services.sentiment.metrics import CategoryMetrics
from shared.errors import ConflictError, OverloadedError

CHUNK: Final = 64
QUEUED: Final = 4
DEADLINE: Final = 120.0
RETRY_AFTER: Final = 10

Result = TypeVar("Result")
Clock = Callable[[], datetime]
Pause = Callable[[float], Awaitable[None]]


class Embedder(Protocol):
    """What gives vectors: the analyzer."""

    @property
    def embedding_version(self) -> str | None:
        """The version of the vectors, None where the model has none."""

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Return a vector for each text, shape (texts, dimensions), kept for later requests only to `remember`."""


@dataclass(frozen=True)
class TrainingRequest:
    """A set to be made: its name and what it is learned from."""

    name: str
    examples: Sequence[Example]
    notes: str = ""


@dataclass(frozen=True)
class TrainedSet:
    """A set that was made and kept, and the seconds that took from its turn on."""

    category_set: CategorySet
    seconds: float


class CategoryTrainer:
    """Takes requests in, five at most, and trains one after another.

    A request whose caller is gone leaves the queue; a training under way ends at its next fit, and its thread is
    free before the next one starts.
    """

    def __init__(
        self,
        embedder: Embedder,
        catalog: CategoryCatalog,
        metrics: CategoryMetrics,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        deadline: float = DEADLINE,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Embed with `embedder`, keep in `catalog`; `deadline` is seconds for one request, waiting included."""
        self._embedder = embedder
        self._catalog = catalog
        self._metrics = metrics
        self._clock = clock
        self._deadline = deadline
        self._pause = pause
        self._turn = asyncio.Lock()
        self._taken = 0
        self._stop = Cancellation()
        self._thread: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the thread; leaving waits for the fit that is on, not for the training."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="category-training")
        try:
            yield
        finally:
            self._stop.cancel()
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def make(self, request: TrainingRequest) -> TrainedSet:
        """Make a set and keep it.

        Raises InputError where the examples will not do, ConflictError where the model has no embedding or the
        name may not be put, OverloadedError where too many wait or the deadline passed, and as the store does.
        """
        if self._embedder.embedding_version is None:
            raise ConflictError(
                "this model has no embedding to learn categories from; set EMBEDDING_MODEL to a sentence encoder"
            )
        self._catalog.check_may_put(request.name)
        if self._taken > QUEUED:
            raise OverloadedError("too many category sets wait for their training; send this again", RETRY_AFTER)
        self._taken += 1
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                made = await self._train(request, self._embedder.embedding_version)
        except BaseException as error:
            self._metrics.not_trained()
            if isinstance(error, WorkCancelledError):
                raise OverloadedError("the service stops; send this again", RETRY_AFTER) from None
            if isinstance(error, TimeoutError):
                raise OverloadedError(
                    f"the set was not made within {self._deadline:g} seconds; send fewer examples, or later",
                    RETRY_AFTER,
                ) from None
            raise
        finally:
            self._taken -= 1
        self._metrics.trained(made.seconds)
        return made

    async def _train(self, request: TrainingRequest, embedding_version: str) -> TrainedSet:
        start = time.perf_counter()
        examples = await self._off_loop(lambda work: checked(request.examples, work.check))
        texts = [example.text for example in examples]
        chunks = [await self._embedded(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        learned, packed = await self._off_loop(lambda work: _learn(examples, chunks, work))
        counts = dict(sorted(Counter(example.label for example in examples).items()))
        made = learned.called(request.name, counts, embedding_version, self._clock(), request.notes)
        kept = await self._catalog.put(made, packed)
        return TrainedSet(kept, time.perf_counter() - start)

    async def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of a chunk; a full queue of texts is waited for."""
        while True:
            try:
                return await self._embedder.embed(texts, remember=False)
            except OverloadedError as error:
                self._stop.check()
                await self._pause(error.retry_after)

    async def _off_loop(self, work: Callable[[Cancellation], Result]) -> Result:
        """Run `work` in the thread; it is cancelled with its caller, or with the service."""
        if self._thread is None:
            raise OverloadedError("no category sets can be made while the service starts; send this again")
        self._stop.check()
        cancellation = Cancellation(self._stop)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, cancellation)
        except asyncio.CancelledError:
            # The end of the service takes work that waits for the thread out of its queue.
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                raise WorkCancelledError from None
            raise
        finally:
            cancellation.cancel()


def _learn(
    examples: Sequence[Example], chunks: Sequence[NDArray[np.float32]], work: Cancellation
) -> tuple[FittedClassifier, PackedExamples]:
    labels = sorted({example.label for example in examples})
    classes = np.array([labels.index(example.label) for example in examples], dtype=np.int64)
    return train(np.concatenate(chunks), classes, check=work.check), pack(examples)
