"""The claims that keep replies few, and the authors who want none, in MongoDB: each one step on one document."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from services.ingest.replies.stores.base import GONE_DAYS, SendClaim
from services.ingest.replies.stores.columns import milliseconds
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase, answering

_ATTEMPTS = 8


class MongoClaims:
    """The part of `ReplyStore` about claims and authors.

    Its collections are `reply_authors`, `reply_days`, `reply_opt_outs` and `reply_gone`.

    A day is one document with its replies as a list, so that counting one more and looking at the bound is one step.
    """

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._authors = database["reply_authors"]
        self._days = database["reply_days"]
        self._opt_outs = database["reply_opt_outs"]
        self._gone = database["reply_gone"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._gone.create_index([("through_ms", 1)])

    @answering
    async def take_author(self, author: str, claim: SendClaim, now: datetime, until: datetime) -> bool:
        """See `ReplyStore.take_author`."""
        free = {"_id": author, "$or": [{"until_ms": {"$lte": milliseconds(now)}}, {"reply": claim.reply}]}
        held = {"reply": claim.reply, "attempt": claim.attempt, "until_ms": milliseconds(until)}
        # An upsert that finds the author held meets the key; so does the later of two first ones, of one reply even.
        for _ in range(2):
            try:
                await self._authors.update_one(free, {"$set": held}, upsert=True)
            except DuplicateKeyError:
                continue
            return True
        return False

    @answering
    async def release_author(self, author: str, claim: SendClaim) -> None:
        """See `ReplyStore.release_author`."""
        await self._authors.delete_one({"_id": author, "reply": claim.reply, "attempt": claim.attempt})

    @answering
    async def take_day(self, day: str, claim: SendClaim, most: int) -> bool:
        """See `ReplyStore.take_day`."""
        if most < 1:
            return False
        counted = {"_id": day, "replies.reply": claim.reply}
        room = {"_id": day, "replies.reply": {"$ne": claim.reply}, f"replies.{most - 1}": {"$exists": False}}
        for _ in range(_ATTEMPTS):
            again = await self._days.update_one(counted, {"$set": {"replies.$.attempt": claim.attempt}})
            if again.matched_count:
                return True
            try:
                one = {"reply": claim.reply, "attempt": claim.attempt}
                await self._days.update_one(room, {"$push": {"replies": one}}, upsert=True)
            except DuplicateKeyError:
                document = await self._days.find_one({"_id": day}) or {"replies": []}
                replies = [entry["reply"] for entry in document["replies"]]
                if claim.reply not in replies and len(replies) >= most:
                    return False
                continue
            return True
        raise OverloadedError("many replies are counted at the same moment; try again")

    @answering
    async def release_day(self, day: str, claim: SendClaim) -> None:
        """See `ReplyStore.release_day`."""
        one = {"reply": claim.reply, "attempt": claim.attempt}
        await self._days.update_one({"_id": day}, {"$pull": {"replies": one}})

    async def _forget_claims(self, author: str, reply: str) -> None:
        """Let go of an author whom a removed reply holds, and rename it in the days that count it."""
        await self._authors.delete_one({"_id": author, "reply": reply})
        nameless = {"$set": {"replies.$.reply": secrets.token_hex(16)}}
        await self._days.update_many({"replies.reply": reply}, nameless)

    @answering
    async def opt_out(self, authors: Sequence[str], now: datetime) -> None:
        """See `ReplyStore.opt_out`."""
        if authors:
            since = {"$setOnInsert": {"since_ms": milliseconds(now)}}
            await self._opt_outs.bulk_write([UpdateOne({"_id": author}, since, upsert=True) for author in authors])

    @answering
    async def opted_out(self, authors: Sequence[str]) -> set[str]:
        """See `ReplyStore.opted_out`."""
        found = self._opt_outs.find({"_id": {"$in": list(authors)}}, {"_id": 1})
        return {document["_id"] async for document in found}

    @answering
    async def note_gone(self, keys: Sequence[str], through: datetime) -> None:
        """See `ReplyStore.note_gone`."""
        if keys:
            latest = {"$max": {"through_ms": milliseconds(through)}}
            await self._gone.bulk_write([UpdateOne({"_id": key}, latest, upsert=True) for key in keys], ordered=False)
        oldest = milliseconds(through - timedelta(days=GONE_DAYS))
        await self._gone.delete_many({"through_ms": {"$lt": oldest}})

    @answering
    async def gone(self, keys: Sequence[str]) -> dict[str, datetime]:
        """See `ReplyStore.gone`."""
        found = self._gone.find({"_id": {"$in": list(keys)}})
        return {one["_id"]: datetime.fromtimestamp(one["through_ms"] / 1000, UTC) async for one in found}
