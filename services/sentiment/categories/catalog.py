"""The category sets that this replica serves, kept up with the store that all replicas share."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from services.sentiment.categories.category_set import CategorySet, UnreadableSetError
from services.sentiment.categories.examples import PackedExamples
from services.sentiment.categories.store import CategoryStore, missing
from services.sentiment.metrics import CategoryMetrics
from shared.errors import ConflictError, NotFoundError, OverloadedError, PeerUnavailableError, SettingsError

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
LONGEST_PAUSE: Final = 30.0
CALL_SECONDS: Final = 5.0
FIRST_READ_SECONDS: Final = 300.0
"""After the start, until the store was read: what an earlier version kept there may have to be moved before."""
MAX_SETS: Final = 256

Pause = Callable[[float], Awaitable[None]]


class CategoryCatalog:
    """Answers from memory, so that a store that is away stops nothing but changes and sets not read yet.

    A task asks the store for its versions every two seconds and fetches what is new; while the store fails it
    asks less often, up to every 30 s. A set that people made goes before a built-in one of the same name.
    """

    def __init__(
        self,
        store: CategoryStore,
        metrics: CategoryMetrics,
        *,
        embedding_version: str | None,
        built_in: Mapping[str, CategorySet],
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Serve `built_in` and what `store` holds, to a model whose vectors are of `embedding_version`."""
        self._store = store
        self._metrics = metrics
        self._embedding_version = embedding_version
        self._built_in = dict(built_in)
        self._pause = pause
        self._stored: dict[str, CategorySet] = {}
        self._unreadable: dict[str, int] = {}
        self._read = False
        self._read_at = time.monotonic()
        self._changing = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        metrics.watch(lambda: len(self.sets()), lambda: time.monotonic() - self._read_at)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the store once, then follow it until the end; a store that is away delays the start by 5 s at most.

        Raises SettingsError where the store answers, but is no server that sets can be kept in.
        """
        pause = await self._attempt(POLL_SECONDS, first=True)
        self._following = asyncio.create_task(self._follow(pause), name="category-sets")
        try:
            yield
        finally:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def check_following(self) -> None:
        """Return where the store is being followed; raises OverloadedError where it is not.

        A store that does not answer is no reason not to be ready: taking every replica out of service
        would stop all reading of texts for want of a part that few requests use.
        """
        if self._following is None or self._following.done():
            raise OverloadedError("category sets are not being followed; restart this replica")

    def sets(self) -> list[CategorySet]:
        """Return every set by name."""
        return [found for _, found in sorted({**self._built_in, **self._stored}.items())]

    def is_built_in(self, name: str) -> bool:
        """Tell whether the set of this name came with the model."""
        return name in self._built_in and name not in self._stored and name not in self._unreadable

    def find(self, name: str) -> CategorySet:
        """Return the set of this name, usable or not; raises NotFoundError, PeerUnavailableError, ConflictError."""
        if name in self._unreadable:
            raise ConflictError(_foreign(name))
        # Until the store was read, a built-in set might be hidden by one that people made: it is served all the same.
        found = self._stored.get(name) or self._built_in.get(name)
        if found is None and not self._read:
            raise PeerUnavailableError("store", "the store of category sets does not answer; send it again later")
        if found is None:
            raise NotFoundError(missing(name))
        return found

    def resolve(self, name: str) -> CategorySet:
        """Return the set to classify with; raises as `find` does, ConflictError where the model has changed since."""
        found = self.find(name)
        if found.embedding_version != self._embedding_version:
            raise ConflictError(
                f"category set '{name}' was made with the embedding {found.embedding_version}, this model has "
                f"{self._embedding_version or 'none'}; rebuild it: GET /v1/categories/{name} has its examples, PUT them"
            )
        return found

    def check_may_put(self, name: str) -> None:
        """Raise ConflictError where the name is a built-in set's, or there are too many sets."""
        if self.is_built_in(name):
            raise ConflictError(f"category set '{name}' comes with the model and is read-only; choose another name")
        if name not in self._stored and len(self._stored) >= MAX_SETS:
            raise ConflictError(f"there are {MAX_SETS} category sets, as many as may be; delete one first")

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """Keep a set and serve it at once; return it with its version. Raises as `check_may_put` and the store do."""
        self.check_may_put(made.name)
        kept = await self._store.put(made, examples)
        async with self._changing:
            held = self._stored.get(kept.name)
            if held is None or held.version < kept.version:
                self._stored[kept.name] = kept
                self._unreadable.pop(kept.name, None)
        return kept

    async def delete(self, name: str) -> None:
        """Remove a set and stop serving it at once; raises NotFoundError, ConflictError for a built-in one."""
        if self.is_built_in(name):
            raise ConflictError(f"category set '{name}' comes with the model and is read-only")
        async with _answered():
            deleted = await self._store.delete(name)
        async with self._changing:
            # A put may have come between: what is newer than the deleted version stays.
            if name in self._stored and self._stored[name].version <= deleted:
                del self._stored[name]
            if self._unreadable.get(name, deleted + 1) <= deleted:
                del self._unreadable[name]

    async def with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """Return a set that people made, with its examples; raises as `find` and the store do."""
        try:
            async with _answered():
                return await self._store.find_with_examples(name)
        except UnreadableSetError:
            raise ConflictError(_foreign(name)) from None

    async def refresh(self, seconds: float | None = None) -> None:
        """Fetch what the store has newer and drop what it no longer has, in `seconds`, 5 by default."""
        async with self._changing, asyncio.timeout(seconds or CALL_SECONDS):
            versions = await self._store.versions()
            known = {name: found.version for name, found in self._stored.items()} | self._unreadable
            for name in known.keys() - versions.keys():
                self._stored.pop(name, None)
                self._unreadable.pop(name, None)
            for name, version in versions.items():
                if known.get(name) != version:
                    await self._fetch(name, version)
            self._read, self._read_at = True, time.monotonic()

    async def _fetch(self, name: str, version: int) -> None:
        try:
            found = await self._store.find(name)
        except NotFoundError:
            return
        except UnreadableSetError as error:
            log.warning("category_set_unreadable", name=name, version=version, reason=str(error))
            self._stored.pop(name, None)
            self._unreadable[name] = version
            return
        self._stored[name] = found
        self._unreadable.pop(name, None)

    async def _follow(self, pause: float) -> None:
        while True:
            await self._pause(pause)
            pause = await self._attempt(pause)

    async def _attempt(self, pause: float, *, first: bool = False) -> float:
        """Refresh, and return the seconds until the next attempt: two, or twice as many as before it failed."""
        try:
            await self.refresh()
        except Exception as error:
            if first and isinstance(error, SettingsError):
                raise
            self._metrics.store_failed()
            longer = min(2 * pause, LONGEST_PAUSE)
            log.warning("category_store_failed", reason=type(error).__name__, next_in_seconds=longer)
            return longer
        return POLL_SECONDS


def _foreign(name: str) -> str:
    return f"category set '{name}' was kept by another version of voxpop, which this one cannot read; PUT it again"


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            yield
    except TimeoutError:
        raise PeerUnavailableError("store", "the store of category sets does not answer; send it again") from None
