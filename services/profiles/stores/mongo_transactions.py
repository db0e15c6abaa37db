"""Transactions of the MongoDB store: rules, and runs with their assignments."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from typing_extensions import override

from services.profiles.assigned_run import AssignedRun
from services.profiles.profile import Basis
from services.profiles.stores import mongo_assignments
from services.profiles.stores.mongo_group import GroupCommit
from services.profiles.stores.mongo_reads import MongoReads
from services.profiles.stores.mongo_totals import MongoTotals
from services.profiles.stores.mongo_turns import Turns
from services.profiles.stores.mongo_writes import MongoWrites
from services.profiles.stores.state import NOTHING, Arrival, Result, Rule
from services.profiles.stores.transactions import EVERY_BRAND, PIECE, TransactionalProfileStore
from shared.clock import Clock
from shared.mongo import MongoDatabase, MongoSession, answering, in_transaction

MEETINGS: Final = 2
"""So often a transaction meets others before its process takes turns with them."""


class MongoTransactions(TransactionalProfileStore):
    """The writing half of `MongoProfileStore`.

    Within a process one transaction at a time writes to a brand, and takes along whatever waits by then; processes
    write to shards of their own. Where transactions meet all the same, one of them is made again: `conflicts` counts
    that.
    """

    most_removed = 2_000

    def __init__(self, database: MongoDatabase, clock: Clock | None = None) -> None:
        """Use an open database; `prepare` comes before anything else. `clock` tells when a post is stored."""
        super().__init__(clock)
        self.conflicts = 0
        self._database = database
        self._lengths: Mapping[str, int] = {}
        self._turns = Turns(database, self._clock)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._group = GroupCommit(self._transact)
        self._totals = MongoTotals(database)

    @override
    async def _transact(self, brand: str, rule: Callable[[], Rule[Result]], *, rarely: bool = False) -> Result:
        shard, lengths = await self._shard_for(brand), self._lengths

        async def work(session: MongoSession) -> Result:
            nonlocal lengths
            loading = MongoReads(self._database, session, brand, shard, self._lengths)
            asking = rule()
            wanted = next(asking)
            while True:
                loaded = await loading.load(wanted)
                try:
                    wanted = asking.send(loaded)
                except StopIteration as decided:
                    changes, answer = decided.value
                    break
            if changes != NOTHING:
                await MongoWrites(self._database, session, brand, shard).save(changes)
            lengths = loading.lengths
            result: Result = answer
            return result

        async with self._locks[brand]:
            result = await self._in_transaction(work, brand)
        # Only now it is certain that what was read there stays.
        self._lengths = lengths
        return result

    @answering
    async def _shard_for(self, brand: str) -> int:
        """Return where to write, in a brand that erasures know."""
        if brand != EVERY_BRAND:
            await self._totals.register(brand)
        return await self._turns.shard()

    async def _in_transaction(
        self, work: Callable[[MongoSession], Awaitable[Result]], brand: str = EVERY_BRAND
    ) -> Result:
        tries, turn = 0, await self._turn(brand)

        async def trying(session: MongoSession) -> Result:
            nonlocal tries, turn
            tries += 1
            self.conflicts += tries > 1
            if tries > MEETINGS:
                self._turns.meet(brand)
                turn = turn or await self._turn(brand)
            return await work(session)

        try:
            return await in_transaction(self._database, trying)
        finally:
            if turn:
                await self._turns.give_back(brand)

    async def _turn(self, brand: str) -> bool:
        return brand != EVERY_BRAND and await self._turns.wait(brand)

    @override
    async def _fold(self, brand: str, ready: Sequence[Arrival]) -> int:
        return await self._group.fold(brand, ready)

    @override
    async def _stage(self, run: AssignedRun, clusters: Mapping[str, int]) -> int:
        shard = await self._shard_for(run.brand)
        items, staged = list(clusters.items()), 0
        for start in range(0, len(items), PIECE):
            piece = dict(items[start : start + PIECE])

            async def work(session: MongoSession, piece: dict[str, int] = piece) -> int:
                # An erasure writes the same document: of the two one sees what the other did.
                await self._totals.touch(session, run.brand, shard)
                return await mongo_assignments.stage(self._database, session, run, piece)

            staged += await self._in_transaction(work)
        return staged

    @override
    async def _publish(self, run: AssignedRun, expected: int, keep: int) -> int:
        return await self._in_transaction(
            lambda session: mongo_assignments.publish(self._database, session, run, expected, keep)
        )

    @override
    async def _dismiss(self, brand: str, run_id: str) -> None:
        await self._in_transaction(lambda session: mongo_assignments.dismiss(self._database, session, brand, run_id))

    @override
    @answering
    async def _dismiss_staged(self, before: int, latest: int) -> None:
        await mongo_assignments.dismiss_staged(self._database, before, latest)

    @override
    @answering
    async def _leaving_runs(self) -> list[AssignedRun]:
        return await mongo_assignments.assigned_runs(self._database, None, {"leaving": True})

    @override
    @answering
    async def _remove_piece(self, run: AssignedRun) -> int:
        await mongo_assignments.remove_run(self._database, run)
        return 0

    @override
    @answering
    async def assigned_runs(self, brand: str) -> list[AssignedRun]:
        return await mongo_assignments.assigned_runs(self._database, None, {"brand": brand})

    @override
    @answering
    async def assignments(
        self, brand: str, basis: Basis, run_id: str, after: str | None, limit: int
    ) -> list[tuple[str, int]]:
        return await mongo_assignments.assignments(self._database, AssignedRun(brand, basis, run_id), after, limit)
