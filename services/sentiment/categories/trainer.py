"""Makes a set out of examples: one training at a time, off the event loop, within a deadline."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import Example, PackedExamples, checked, pack
from services.sentiment.categories.metrics import CategoryMetrics
from services.sentiment.categories.registry import CategoryRegistry
from services.sentiment.categories.training import Fit, ShouldStop, TrainingStoppedError, train
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
class Made:
    """A set that was made and kept, and the seconds that took from its turn on."""

    category_set: CategorySet
    seconds: float


@dataclass(frozen=True)
class Wish:
    """A set that somebody wants."""

    name: str
    examples: Sequence[Example]
    notes: str = ""


class CategoryTrainer:
    """Takes wishes in, five at most, and carries them out one after another.

    A wish that is abandoned leaves the queue; a training under way ends at its next fit, and its thread is
    free before the next one starts.
    """

    def __init__(
        self,
        embedder: Embedder,
        registry: CategoryRegistry,
        metrics: CategoryMetrics,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        deadline: float = DEADLINE,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Embed with `embedder`, keep in `registry`; `deadline` is seconds for one wish, waiting included."""
        self._embedder = embedder
        self._registry = registry
        self._metrics = metrics
        self._clock = clock
        self._deadline = deadline
        self._pause = pause
        self._turn = asyncio.Lock()
        self._taken = 0
        self._stopped = Event()
        self._thread: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the thread; leaving waits for the fit that is on, not for the training."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="category-training")
        try:
            yield
        finally:
            self._stopped.set()
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def make(self, wish: Wish) -> Made:
        """Make a set and keep it.

        Raises InputError where the examples will not do, ConflictError where the model has no embedding or the
        name may not be put, OverloadedError where too many wait or the deadline passed, and as the store does.
        """
        if self._embedder.embedding_version is None:
            raise ConflictError(
                "this model has no embedding to learn categories from; set EMBEDDING_MODEL to a sentence encoder"
            )
        self._registry.check_may_put(wish.name)
        if self._taken > QUEUED:
            raise OverloadedError("too many category sets wait for their training; send this again", RETRY_AFTER)
        self._taken += 1
        try:
            async with asyncio.timeout(self._deadline), self._turn:
                made = await self._carry_out(wish, self._embedder.embedding_version)
        except BaseException as error:
            self._metrics.not_trained()
            if isinstance(error, TrainingStoppedError):
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

    async def _carry_out(self, wish: Wish, embedding_version: str) -> Made:
        start = time.perf_counter()
        examples = await self._off_loop(lambda stop: checked(wish.examples, lambda: _go_on(stop)))
        texts = [example.text for example in examples]
        chunks = [await self._embedded(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
        learned, packed = await self._off_loop(lambda stop: _learn(examples, chunks, stop))
        counts = dict(sorted(Counter(example.label for example in examples).items()))
        made = learned.called(wish.name, counts, embedding_version, self._clock(), wish.notes)
        kept = await self._registry.put(made, packed)
        return Made(kept, time.perf_counter() - start)

    async def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of a chunk; where texts that others wait for fill the queue, it comes after them."""
        while True:
            try:
                return await self._embedder.embed(texts, remember=False)
            except OverloadedError as error:
                _go_on(self._stopped.is_set)
                await self._pause(error.retry_after)

    async def _off_loop(self, work: Callable[[ShouldStop], Result]) -> Result:
        """Run `work` in the thread; where the caller is cancelled, `work` is told to stop."""
        if self._thread is None:
            raise OverloadedError("no category sets can be made while the service starts; send this again")
        _go_on(self._stopped.is_set)
        given_up = Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, work, lambda: given_up.is_set() or self._stopped.is_set()
            )
        except asyncio.CancelledError:
            # The end of the service takes work that waits for the thread out of its queue.
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                raise TrainingStoppedError from None
            raise
        finally:
            given_up.set()


def _go_on(should_stop: ShouldStop) -> None:
    if should_stop():
        raise TrainingStoppedError


def _learn(
    examples: Sequence[Example], chunks: Sequence[NDArray[np.float32]], should_stop: ShouldStop
) -> tuple[Fit, PackedExamples]:
    labels = sorted({example.label for example in examples})
    classes = np.array([labels.index(example.label) for example in examples], dtype=np.int64)
    return train(np.concatenate(chunks), classes, should_stop=should_stop), pack(examples)
