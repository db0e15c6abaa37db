"""How sets are made: one after another, off the loop, within a deadline."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from services.sentiment.cancellation import Cancellation
from services.sentiment.categories import training_queue
from services.sentiment.categories.catalog import CategoryCatalog
from services.sentiment.categories.examples import Example, unpack
from services.sentiment.categories.regression import FittedClassifier
from services.sentiment.categories.training_queue import QUEUED, CategoryTrainer, Embedder, TrainingRequest
from services.sentiment.metrics import CategoryMetrics
from shared.errors import ConflictError, InputError, OverloadedError
from tests.unit.sentiment.categories.moody_store import MoodyStore
from tests.unit.sentiment.categories.sets import SUBJECTS, VERSION, WordEmbedder, examples

pytestmark = pytest.mark.usefixtures("quick_training")

Running = Callable[..., AbstractAsyncContextManager[CategoryTrainer]]
REQUEST = TrainingRequest("airline", examples(), "by hand")


class SlowEmbedder(WordEmbedder):
    """Answers when it is told to."""

    def __init__(self) -> None:
        """Begin closed."""
        super().__init__()
        self.open = asyncio.Event()
        self.asking = asyncio.Event()
        self.begun = 0

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Wait, then answer."""
        self.begun += 1
        self.asking.set()
        await self.open.wait()
        return await super().embed(texts, remember=remember)


@pytest.fixture
async def catalog(store: MoodyStore) -> AsyncIterator[CategoryCatalog]:
    """Yield a catalog on an empty store."""
    found = CategoryCatalog(store, CategoryMetrics(CollectorRegistry()), embedding_version=VERSION, built_in={})
    async with found.running():
        yield found


@pytest.fixture
def running(catalog: CategoryCatalog, figures: CollectorRegistry) -> Running:
    """Return how to run a trainer."""

    @asynccontextmanager
    async def run(embedder: Embedder, deadline: float = 60.0) -> AsyncIterator[CategoryTrainer]:
        trainer = CategoryTrainer(embedder, catalog, CategoryMetrics(figures), deadline=deadline)
        async with trainer.running():
            yield trainer

    return run


async def test_examples_become_a_set_that_is_served(running: Running, catalog: CategoryCatalog) -> None:
    """The set has labels, counts and figures, is at once what the catalog answers, and tells new texts apart."""
    embedder = WordEmbedder()
    async with running(embedder) as trainer:
        made = await trainer.make(REQUEST)
    found = made.category_set
    assert catalog.resolve("airline") is found
    assert (found.version, found.labels, found.counts) == (1, tuple(sorted(SUBJECTS)), (10, 10, 10))
    assert (found.notes, found.embedding_version, found.folds) == ("by hand", VERSION, 5)
    assert found.macro_f1 > 0.9
    assert made.seconds > 0
    fresh = await embedder.embed(["my bag is lost again", "another 3 hours of delay"])
    assert [found.labels[i] for i in found.classify(fresh).argmax(axis=1)] == ["bags", "late"]


async def test_cleaned_examples_are_kept_with_the_set(running: Running, catalog: CategoryCatalog) -> None:
    """The store has what was learned from, cleaned, so that a new model can learn from it again."""
    async with running(WordEmbedder()) as trainer:
        await trainer.make(TrainingRequest("airline", [*examples(), Example("@Jane my bag", "bags")]))
    _, packed = await catalog.with_examples("airline")
    assert unpack(packed) == [*examples(), Example("@user my bag", "bags")]


async def test_texts_are_embedded_in_chunks_and_not_remembered(running: Running) -> None:
    """No more than 64 texts are asked for at a time, and none of them pushes others' answers out of the cache."""
    embedder = WordEmbedder()
    async with running(embedder) as trainer:
        await trainer.make(TrainingRequest("airline", examples(80, ["bags", "late"])))
    assert embedder.asked == [64, 64, 32]
    assert embedder.remembered == 0


class FullEmbedder(WordEmbedder):
    """Refuses, as a full queue does, as often as it is told."""

    def __init__(self, times: int) -> None:
        """Refuse so many times."""
        super().__init__()
        self.times = times

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Refuse, or answer."""
        if self.times:
            self.times -= 1
            raise OverloadedError("the queue of texts is full", 7)
        return await super().embed(texts, remember=remember)


async def test_a_full_queue_is_waited_for(catalog: CategoryCatalog, figures: CollectorRegistry) -> None:
    """A chunk that finds the queue full is asked for again when the queue says, and the set is made."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    trainer = CategoryTrainer(FullEmbedder(3), catalog, CategoryMetrics(figures), pause=pause)
    async with trainer.running():
        assert (await trainer.make(REQUEST)).category_set.version == 1
    assert pauses == [7, 7, 7]


async def test_after_the_end_no_set_is_made(running: Running) -> None:
    """A request that comes when the thread is gone is told to come back, also one that waits for a full queue."""
    async with running(WordEmbedder()) as trainer:
        pass
    with pytest.raises(OverloadedError, match="service stops"):
        await trainer.make(REQUEST)


async def test_work_that_waits_for_the_thread_ends_with_the_service(running: Running) -> None:
    """What the end takes out of the thread's queue is told to come back, not left without an answer."""
    on, over = threading.Event(), threading.Event()

    def work(_cancellation: Cancellation) -> None:
        on.set()
        over.wait(60)

    async with running(WordEmbedder()) as trainer:
        first = asyncio.create_task(trainer._off_loop(work))
        await asyncio.to_thread(on.wait, 60)
        making = asyncio.create_task(trainer.make(REQUEST))
        for _ in range(5):
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(over.set)
        thread = trainer._thread
        assert thread is not None
        thread.shutdown(wait=False, cancel_futures=True)
    await first
    with pytest.raises(OverloadedError, match="service stops"):
        await making


async def test_abandoned_examples_are_not_cleaned_to_the_end(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is abandoned while its texts are cleaned frees the thread at the next text."""
    begun, told = threading.Event(), threading.Event()

    def endless(_examples: object, check: Callable[[], None]) -> list[Example]:
        begun.set()
        try:
            while True:
                check()
        finally:
            told.set()

    monkeypatch.setattr(training_queue, "checked", endless)
    async with running(WordEmbedder()) as trainer:
        making = asyncio.create_task(trainer.make(REQUEST))
        await asyncio.to_thread(begun.wait, 60)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert await asyncio.to_thread(told.wait, 60)


async def test_the_same_examples_make_the_same_set(running: Running) -> None:
    """Putting examples again gives the next version with the same numbers."""
    async with running(WordEmbedder()) as trainer:
        one, other = (await trainer.make(REQUEST)).category_set, (await trainer.make(REQUEST)).category_set
    assert (one.version, other.version) == (1, 2)
    assert one.coefficients.tobytes() == other.coefficients.tobytes()


async def test_a_model_without_an_embedding_is_a_conflict_with_the_remedy(running: Running) -> None:
    """Nothing is learned, and the sentence names EMBEDDING_MODEL."""
    embedder = WordEmbedder()
    embedder.embedding_version = None
    async with running(embedder) as trainer:
        with pytest.raises(ConflictError, match="EMBEDDING_MODEL"):
            await trainer.make(REQUEST)


async def test_bad_examples_leave_nothing_behind(
    running: Running, catalog: CategoryCatalog, figures: CollectorRegistry
) -> None:
    """A set that cannot be made is not kept, is counted as failed, and the next one is made."""
    async with running(WordEmbedder()) as trainer:
        with pytest.raises(InputError, match="'bags' has 7"):
            await trainer.make(TrainingRequest("airline", [*examples(7, ["bags"]), *examples(9, ["late"])]))
        assert catalog.sets() == []
        await trainer.make(REQUEST)
    assert figures.get_sample_value("voxpop_category_trainings_total", {"outcome": "failed"}) == 1
    assert figures.get_sample_value("voxpop_category_trainings_total", {"outcome": "succeeded"}) == 1


async def test_one_set_is_made_at_a_time_and_few_wait(running: Running) -> None:
    """One is made while four wait; a sixth is refused at once with a time to come back; then all are made."""
    embedder = SlowEmbedder()
    async with running(embedder) as trainer:
        making = [asyncio.create_task(trainer.make(TrainingRequest(f"set-{i}", examples()))) for i in range(QUEUED + 1)]
        await embedder.asking.wait()
        with pytest.raises(OverloadedError, match="too many") as caught:
            await trainer.make(REQUEST)
        assert caught.value.retry_after == 10
        for _ in range(20):
            # A turn of the loop and of the thread for each that might wrongly have begun.
            await asyncio.to_thread(int)
        assert embedder.begun == 1
        embedder.open.set()
        made = await asyncio.gather(*making)
        assert sorted(one.category_set.name for one in made) == [f"set-{i}" for i in range(QUEUED + 1)]
        await trainer.make(REQUEST)


async def test_an_abandoned_request_leaves_its_place(running: Running, catalog: CategoryCatalog) -> None:
    """Cancelled, whether on or waiting, it makes room for the next and nothing is kept of it."""
    embedder = SlowEmbedder()
    async with running(embedder) as trainer:
        making = [asyncio.create_task(trainer.make(TrainingRequest(f"set-{i}", examples()))) for i in range(QUEUED + 1)]
        await embedder.asking.wait()
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        embedder.open.set()
        await trainer.make(REQUEST)
        assert [found.name for found in catalog.sets()] == ["airline"]


async def test_a_training_that_is_abandoned_is_told_to_stop(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread hears of the cancelling between two fits, and no other training starts beside it."""
    started, told = threading.Event(), threading.Event()

    def endless(_vectors: object, _classes: object, *, check: Callable[[], None]) -> FittedClassifier:
        started.set()
        try:
            while True:
                check()
        finally:
            told.set()

    async with running(WordEmbedder()) as trainer:
        with monkeypatch.context() as patch:
            patch.setattr(training_queue, "train", endless)
            making = asyncio.create_task(trainer.make(REQUEST))
            await asyncio.to_thread(started.wait, 60)
            making.cancel()
            with pytest.raises(asyncio.CancelledError):
                await making
            assert await asyncio.to_thread(told.wait, 60)
        assert (await trainer.make(REQUEST)).category_set.version == 1


async def test_a_stop_of_the_service_ends_a_training(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training under way ends at its next fit, and its caller is told to send it again."""
    started = threading.Event()

    def endless(_vectors: object, _classes: object, *, check: Callable[[], None]) -> FittedClassifier:
        started.set()
        while True:
            check()

    monkeypatch.setattr(training_queue, "train", endless)
    async with running(WordEmbedder()) as trainer:
        making = asyncio.create_task(trainer.make(REQUEST))
        await asyncio.to_thread(started.wait, 60)
    with pytest.raises(OverloadedError, match="service stops"):
        await making


async def test_a_set_that_takes_too_long_is_given_up(running: Running, catalog: CategoryCatalog) -> None:
    """Past the deadline the answer is 503 with a sentence, and nothing is kept."""
    async with running(SlowEmbedder(), deadline=0.01) as trainer:
        with pytest.raises(OverloadedError, match=r"within 0.01 seconds; send fewer examples"):
            await trainer.make(REQUEST)
    assert catalog.sets() == []
