"""Rounds in MongoDB."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from shared.mongo import MongoDatabase, answering


class MongoRoundStore:
    """`RoundStore` on the collection `rounds`, a document a round."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._rounds = database["rounds"]

    async def prepare(self) -> None:
        """Make no index: names are the key, and nothing else is looked for."""

    @answering
    async def begin(self, name: str, owner: str, now: datetime, lapses_at: datetime) -> bool:
        """See `RoundStore.begin`.

        Where the round is not the caller's to begin, no document matches, and the insert meets the name that is there.
        """
        free = {"_id": name, "due_ms": {"$lte": _ms(now)}, "lapses_ms": {"$lte": _ms(now)}}
        taken = {"owner": owner, "lapses_ms": _ms(lapses_at)}
        result = await self._rounds.update_one(free, {"$set": taken})
        if result.matched_count:
            return True
        try:
            await self._rounds.insert_one({"_id": name, "due_ms": 0, **taken})
        except DuplicateKeyError:
            return False
        return True

    @answering
    async def end(self, name: str, owner: str, due_at: datetime) -> None:
        """See `RoundStore.end`."""
        change = {"owner": None, "lapses_ms": 0, "due_ms": _ms(due_at)}
        await self._rounds.update_one({"_id": name, "owner": owner}, {"$set": change})


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
