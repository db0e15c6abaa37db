"""What the segments of a run wrote in a time: posts and the clusters of their authors, read from profiles, not kept."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from services.clusters.bases.basis import CannotTrainError
from services.clusters.posts import UnreadablePostsError, read_posts
from services.clusters.runs.assignments import NOBODY, assignment_pages
from services.clusters.runs.run import Run
from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError
from shared.profiles_peer import ProfilesPeer

AT_ONCE: Final = 2
"""Readings that are held in memory at a time."""
WAITING: Final = 8
"""Callers who may wait for their turn."""
MOST_RUNS: Final = 4
MOST_AUTHORS: Final = 2_000_000
"""Of all runs whose members are held together."""
HELD_FOR: Final = timedelta(minutes=1)
"""Members are read again after that: between trainings new authors come, and people are erased."""


@dataclass(frozen=True)
class SegmentPosts:
    """Posts of people, and `members` (`author_key`, `cluster`) of those of their authors who are in a cluster."""

    posts: pa.Table
    members: pa.Table
    is_sample: bool


class SegmentReader:
    """Reads posts and members, few at a time; members of a run stay for a minute."""

    def __init__(self, profiles: ProfilesPeer, most: int, clock: Clock) -> None:
        """Read up to `most` posts from `profiles`."""
        self._profiles = profiles
        self._most = most
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._callers = 0
        self._held: OrderedDict[str, tuple[datetime, pa.Table]] = OrderedDict()

    @asynccontextmanager
    async def read(
        self, brand: str, run: Run | None, start: datetime, end: datetime, *, embeddings: bool = False
    ) -> AsyncIterator[SegmentPosts]:
        """Yield the posts of hours from `start` up to before `end`; the turn is held until they are let go.

        Without a run nobody is a member. Raises PeerError, OverloadedError where too many wait.
        """
        if self._callers >= AT_ONCE + WAITING:
            raise OverloadedError("too many readings of posts wait for their turn; try again in some seconds", 5)
        self._callers += 1
        try:
            async with self._turns:
                yield await self._read(brand, run, start, end, embeddings=embeddings)
        finally:
            self._callers -= 1

    async def _read(
        self, brand: str, run: Run | None, start: datetime, end: datetime, *, embeddings: bool
    ) -> SegmentPosts:
        try:
            posts = await read_posts(self._profiles, brand, self._most, start=start, end=end, embeddings=embeddings)
            members = NOBODY if run is None else await self._members(run)
        except (UnreadablePostsError, CannotTrainError) as error:
            raise PeerUnavailableError("profiles", str(error)) from None
        return SegmentPosts(posts.table, await asyncio.to_thread(_of, members, posts.table), not posts.is_whole)

    async def _members(self, run: Run) -> pa.Table:
        now = self._clock.now()
        for run_id in [one for one, (read_at, _) in self._held.items() if abs(now - read_at) > HELD_FOR]:
            del self._held[run_id]
        if run.run_id not in self._held:
            pages = [page async for page in assignment_pages(self._profiles, run)]
            self._held[run.run_id] = (now, pa.concat_tables(pages))
        members = self._held[run.run_id][1]
        self._held.move_to_end(run.run_id)
        while len(self._held) > MOST_RUNS or sum(len(table) for _, table in self._held.values()) > MOST_AUTHORS:
            self._held.popitem(last=False)
        return members


def _of(members: pa.Table, posts: pa.Table) -> pa.Table:
    authors = pc.unique(posts["author_key"])
    return members.filter(pc.is_in(members["author_key"], value_set=authors))
