"""Which shard of buckets and totals a process writes to: one that no other writes to, while there are enough.

It is a lease without a fence: two who write to one shard do no harm, their transactions only meet.
"""

import random
import uuid
from typing import Final

from pymongo import UpdateOne

from services.profiles.stores.mongo_loading import SHARDS
from shared.clock import Clock
from shared.mongo import MongoDatabase

LEASE_SECONDS: Final = 60


class ShardLease:
    """The shard of one process, in the collection `shards`; taken at the first write, renewed by those that follow."""

    def __init__(self, database: MongoDatabase, clock: Clock) -> None:
        """Hold no shard yet; `clock` times the lease."""
        self._shards = database["shards"]
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._number: int = 0
        self._renew_at = -1

    async def prepare(self) -> None:
        """Make the documents of the shards."""
        made = {"owner": "", "until": 0}
        await self._shards.bulk_write(
            [UpdateOne({"_id": number}, {"$setOnInsert": made}, upsert=True) for number in range(SHARDS)]
        )

    async def number(self) -> int:
        """Return the shard to write to now."""
        now = int(self._clock.now().timestamp())
        if now >= self._renew_at:
            self._number = await self._take(now)
            self._renew_at = now + LEASE_SECONDS // 2
        return self._number

    async def _take(self, now: int) -> int:
        mine = {"$set": {"owner": self._owner, "until": now + LEASE_SECONDS}}
        for number in (self._number, *range(SHARDS)):
            free = {"_id": number, "$or": [{"owner": self._owner}, {"until": {"$lte": now}}]}
            taken = await self._shards.update_one(free, mine)
            if taken.matched_count:
                return int(number)
        # There are more processes than shards.
        return random.randrange(SHARDS)  # noqa: S311 - any will do
