"""What every store of profiles does alike: each rule runs in one transaction, and what is large goes in pieces."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from typing_extensions import override

from services.profiles.assigned_run import KEPT_RUNS, AssignedRun
from services.profiles.kept import Erased, KeptBucket, KeptPost, KeptProfile, RemovedAuthor
from services.profiles.profile import Basis
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.erasure import bury, erase, forget
from services.profiles.stores.fold import fold, refuse_other_lengths
from services.profiles.stores.removal import remove
from services.profiles.stores.restore import restore_buckets, restore_keys, restore_profiles, restore_removals
from services.profiles.stores.state import Arrival, Result, Rule, ShardedKey, arrivals
from shared.analyzed_post import AnalyzedPost
from shared.clock import Clock, SystemClock

PIECE: Final = 1000
"""Posts counted, or profiles and keys taken over, by one transaction."""
EVERY_AUTHOR: Final = 2**31 - 1
EVERY_BRAND: Final = ""
"""The brand of a rule that concerns all of them."""


class TransactionalProfileStore(ProfileStore):
    """The writing half of `ProfileStore`, over transactions that an adapter makes."""

    most_removed: int | None = None
    """Posts of one author that a transaction takes out; None is all of them."""

    def __init__(self, clock: Clock | None = None) -> None:
        """`clock` tells when a post is stored."""
        self._clock = clock or SystemClock()

    @abstractmethod
    async def _transact(self, brand: str, rule: Callable[[], Rule[Result]], *, rarely: bool = False) -> Result:
        """Run a rule in one transaction and return its answer; `rarely` says that it will seldom change anything."""

    @abstractmethod
    async def _brands(self) -> list[str]:
        """Return every brand that there may be anything of."""

    @abstractmethod
    async def _forget_keys(self, author_key: str) -> None:
        """Forget the post keys of an erased author in every brand, and make sure that nothing deleted is left."""

    @abstractmethod
    async def _stage(self, run: AssignedRun, clusters: Mapping[str, int]) -> int:
        """Keep the cluster of each author who has a profile; the run tells when. Raises ConflictError."""

    @abstractmethod
    async def _publish(self, run: AssignedRun, expected: int, keep: int) -> int:
        """Show a run and mark those that leave for it; return how many authors it has. Raises ConflictError."""

    @abstractmethod
    async def _dismiss(self, brand: str, run_id: str) -> None:
        """Mark a run as leaving, of whatever basis; it is not shown any more."""

    @abstractmethod
    async def _dismiss_staged(self, before: int, latest: int) -> None:
        """Mark runs as leaving that were never published and staged last before a moment; see `sweep_runs`."""

    @abstractmethod
    async def _leaving_runs(self) -> list[AssignedRun]:
        """Return the runs of every brand that are marked."""

    @abstractmethod
    async def _remove_piece(self, run: AssignedRun) -> int:
        """Remove some of a marked run's assignments; return how many, nought once the run is gone."""

    async def _fold(self, brand: str, ready: Sequence[Arrival]) -> int:
        """Count posts that fit into one transaction, and return how many."""
        return len(await self._transact(brand, partial(fold, ready)))

    @override
    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        moments = [int(self._clock.now().timestamp())] * len(posts)
        ready = await asyncio.to_thread(arrivals, posts, moments)
        if len(ready) > PIECE:
            refuse_other_lengths(posts, await self.embedding_lengths())
        folded = 0
        for start in range(0, len(ready), PIECE):
            folded += await self._fold(brand, ready[start : start + PIECE])
        return FoldCount(folded, len(posts) - folded)

    @override
    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool = True
    ) -> RemovalCount:
        keys, removed = list(dict.fromkeys(post_keys)), 0
        most = self.most_removed
        count, unfinished = await self._transact(
            brand, partial(remove, keys, authors, early=early, most=most), rarely=not early
        )
        while unfinished:
            left = {author_key: authors[author_key] for author_key in unfinished}
            more, unfinished = await self._transact(brand, partial(remove, [], left, early=early, most=most))
            removed += more.removed
        return RemovalCount(count.removed + removed, count.unknown)

    @override
    async def erase(self, author_key: str) -> list[Erased]:
        await self._transact(EVERY_BRAND, partial(bury, [author_key]))
        found = [await self._erase_from(brand, author_key) for brand in await self._brands()]
        await self._forget_keys(author_key)
        return [one for one in found if one.posts or one.texts or one.assignments]

    async def _erase_from(self, brand: str, author_key: str) -> Erased:
        total, done = Erased(brand, 0, 0, 0), False
        while not done:
            one, done = await self._transact(brand, partial(erase, brand, author_key, self.most_removed))
            total = Erased(brand, total.posts + one.posts, total.texts + one.texts, total.assignments + one.assignments)
        after: ShardedKey | None = None
        while True:
            after = await self._transact(brand, partial(forget, author_key, after))
            if after is None:
                return total

    @override
    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        now = int(self._clock.now().timestamp())
        return await self._stage(AssignedRun(brand, basis, run_id, staged_at=now), clusters)

    @override
    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int, keep: int = KEPT_RUNS) -> int:
        published = await self._publish(AssignedRun(brand, basis, run_id), expected, keep)
        await self._remove_leaving()
        return published

    @override
    async def forget_run(self, brand: str, run_id: str) -> None:
        await self._dismiss(brand, run_id)
        await self._remove_leaving()

    @override
    async def sweep_runs(self, before: int, latest: int) -> None:
        await self._dismiss_staged(before, latest)
        await self._remove_leaving()

    async def _remove_leaving(self) -> None:
        """Remove what is marked, in pieces: what a crash leaves, the next call removes."""
        for run in await self._leaving_runs():
            left = 1
            while left:
                left = await self._remove_piece(run)

    @override
    async def restore_profiles(self, brand: str, profiles: Sequence[KeptProfile]) -> int:
        taken = 0
        for start in range(0, len(profiles), PIECE):
            piece = profiles[start : start + PIECE]
            taken += await self._transact(brand, partial(restore_profiles, piece))
        return taken

    @override
    async def restore_buckets(self, brand: str, buckets: Sequence[KeptBucket]) -> int:
        taken, erased = 0, await self.erased_authors(None, EVERY_AUTHOR)
        for start in range(0, len(buckets), PIECE):
            piece = buckets[start : start + PIECE]
            taken += await self._transact(brand, partial(restore_buckets, piece, erased))
        return taken

    @override
    async def restore_posts(self, brand: str, posts: Sequence[KeptPost]) -> FoldCount:
        analyzed = [(kept.post, kept.stored_at) for kept in posts if kept.post and kept.stored_at is not None]
        ready = await asyncio.to_thread(arrivals, [post for post, _ in analyzed], [moment for _, moment in analyzed])
        taken = 0
        for start in range(0, len(ready), PIECE):
            piece = ready[start : start + PIECE]
            taken += len(await self._transact(brand, partial(fold, piece, restored=True)))
        bare = [kept for kept in posts if not kept.post]
        for start in range(0, len(bare), PIECE):
            keys = bare[start : start + PIECE]
            taken += await self._transact(brand, partial(restore_keys, keys))
        return FoldCount(taken, len(posts) - taken)

    @override
    async def restore_removals(self, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> None:
        await self._transact(brand, partial(restore_removals, removed, erased))
