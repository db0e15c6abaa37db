"""Processes that write to one brand at the same time: a shard for each, and turns where they meet all the same.

Both spare attempts alone. What keeps the counts right are the transactions, so neither lease has a fence: two who hold
one do no harm, they only meet.
"""

import asyncio
import math
import random
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from services.profiles.stores.mongo_reads import SHARDS
from shared.clock import SKEW, Clock
from shared.mongo import MongoDatabase, answering

LEASE: Final = timedelta(seconds=60)
TURN: Final = timedelta(seconds=30)
PATIENCE_SECONDS: Final = 20.0
"""For how long a process waits for its turn before it goes on without."""
CALM_SECONDS: Final = 20.0
"""For how long a process takes turns at a brand after it met others there again and again."""
_PAUSE_SECONDS: Final = 0.1
_FREE: Final[Mapping[str, Any]] = {"owner": "", "until": 0}


class Turns:
    """The leases of one process, in the collections `shards` and `turns`."""

    def __init__(self, database: MongoDatabase, clock: Clock) -> None:
        """Have none yet; `clock` times them."""
        self._shards = database["shards"]
        self._turns = database["turns"]
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._shard = 0
        self._renew_at = -math.inf
        self._met: dict[str, float] = {}

    async def prepare(self) -> None:
        """Make the documents of the shards."""
        await self._shards.bulk_write(
            [UpdateOne({"_id": number}, {"$setOnInsert": dict(_FREE)}, upsert=True) for number in range(SHARDS)]
        )

    async def shard(self) -> int:
        """Return the shard to write to: one of this process alone, as long as there are enough."""
        now = self._clock.monotonic()
        if now >= self._renew_at:
            self._shard = await self._take_shard()
            self._renew_at = now + LEASE.total_seconds() / 2
        return self._shard

    def meet(self, brand: str) -> None:
        """Take turns from now on, for a while: another process writes to what this one does."""
        self._met[brand] = asyncio.get_running_loop().time() + CALM_SECONDS

    @answering
    async def wait(self, brand: str) -> bool:
        """Wait for this process's turn, where it takes turns at the brand; tell whether it is to be given back.

        Raises PeerUnavailableError where the server does not answer.
        """
        now = asyncio.get_running_loop().time
        if self._met.get(brand, 0.0) < now():
            return False
        await self._turns.update_one({"_id": brand}, {"$setOnInsert": dict(_FREE)}, upsert=True)
        patience = now() + PATIENCE_SECONDS
        while now() < patience:
            if await self._take(self._turns, brand, TURN):
                return True
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS))  # noqa: S311 - spreads them, keeps no secret
        return False

    async def give_back(self, brand: str) -> None:
        """Let another process have its turn; one that cannot be given back lapses; its work is done."""
        with suppress(PyMongoError):
            await self._turns.update_one({"_id": brand, "owner": self._owner}, {"$set": dict(_FREE)})

    async def _take_shard(self) -> int:
        number: int
        for number in (self._shard, *range(SHARDS)):
            if await self._take(self._shards, number, LEASE):
                return number
        # There are more processes than shards.
        return random.randrange(SHARDS)  # noqa: S311 - any will do

    async def _take(self, leases: Any, name: str | int, lasting: timedelta) -> bool:
        now = self._clock.now().timestamp()
        beyond = now + (lasting + SKEW).total_seconds()
        free = {"_id": name, "$or": [{"owner": self._owner}, {"until": {"$lte": now}}, {"until": {"$gt": beyond}}]}
        mine = {"$set": {"owner": self._owner, "until": now + lasting.total_seconds()}}
        return bool((await leases.update_one(free, mine)).matched_count)
