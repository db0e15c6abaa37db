"""A catalog over a store that fails when it is told to, and whose pauses end when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry

from services.sentiment.categories.catalog import CategoryCatalog
from services.sentiment.categories.category_set import CategorySet, UnreadableSetError
from services.sentiment.categories.examples import PackedExamples, pack
from services.sentiment.categories.store import CategoryStore
from services.sentiment.metrics import CategoryMetrics
from shared.documents.base import Documents
from tests.unit.sentiment.categories.sets import VERSION

PACKED = pack([])


class Pauses:
    """The catalog's pauses, each of which ends when a test says so."""

    def __init__(self) -> None:
        """Begin with none."""
        self.seconds: list[float] = []
        self._begun = asyncio.Semaphore(0)
        self._over = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        """Pause."""
        self.seconds.append(seconds)
        self._begun.release()
        await self._over.acquire()

    async def end(self) -> None:
        """End the pause, and return when the next one begins."""
        await self._begun.acquire()
        self._over.release()
        await self._begun.acquire()
        self._begun.release()


class MoodyStore(CategoryStore):
    """A store on a real file that can be told to fail."""

    failure: Exception | None = None
    reads = 0

    def __init__(self, documents: Documents) -> None:
        """Begin in a good mood."""
        super().__init__(documents)
        self.kept = asyncio.Event()

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """Keep, and tell."""
        kept = await super().put(made, examples)
        self.kept.set()
        return kept

    async def versions(self) -> dict[str, int]:
        """Fail, or answer."""
        if self.failure is not None:
            raise self.failure
        return await super().versions()

    async def find(self, name: str) -> CategorySet:
        """Count, and answer; a set with the notes `strange` cannot be read."""
        self.reads += 1
        found = await super().find(name)
        _check_familiar(found)
        return found

    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """Answer as `find` does."""
        found, packed = await super().find_with_examples(name)
        _check_familiar(found)
        return found, packed


def _check_familiar(found: CategorySet) -> None:
    if found.notes == "strange":
        raise UnreadableSetError("no category set of schema 1: voxpop_schema: Input should be 1")


@asynccontextmanager
async def running(
    store: MoodyStore,
    pauses: Pauses,
    figures: CollectorRegistry | None = None,
    built_in: Mapping[str, CategorySet] | None = None,
    embedding_version: str | None = VERSION,
) -> AsyncIterator[CategoryCatalog]:
    """Run a catalog."""
    catalog = CategoryCatalog(
        store,
        CategoryMetrics(figures or CollectorRegistry()),
        embedding_version=embedding_version,
        built_in=built_in or {},
        pause=pauses,
    )
    async with catalog.running():
        yield catalog
