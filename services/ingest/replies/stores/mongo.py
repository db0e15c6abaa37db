"""Rules and replies in MongoDB, a standalone server included; tickets and claims stand in modules of their own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from services.ingest.replies.reply import WAITING, Reply, ReplyState
from services.ingest.replies.rule import ReplyRule
from services.ingest.replies.stores.base import TimePosition
from services.ingest.replies.stores.columns import milliseconds, missing
from services.ingest.replies.stores.mongo_claims import MongoClaims
from services.ingest.replies.stores.mongo_tickets import MongoTickets, behind
from shared.errors import NotFoundError
from shared.mongo import MongoDatabase, answering


class MongoReplyStore(MongoClaims, MongoTickets):
    """`ReplyStore` on one database.

    A reply is one document; `swap` replaces it where its version is still the one that was read, which is all that the
    states of a reply lean on: no transaction, and no assumption about time.
    """

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        MongoClaims.__init__(self, database)
        MongoTickets.__init__(self, database)
        self._rules = database["reply_rules"]
        self._replies = database["replies"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await MongoClaims.prepare(self)
        await MongoTickets.prepare(self)
        for first in (["state"], ["brand"], []):
            await self._replies.create_index([(name, 1) for name in (*first, "created_ms", "_id")])
        await self._replies.create_index([("state", 1), ("due_ms", 1)])
        await self._replies.create_index([("author", 1), ("created_ms", 1)])
        await self._replies.create_index([("sent_key", 1)], sparse=True)

    @answering
    async def put_rule(self, rule: ReplyRule) -> None:
        """See `ReplyStore.put_rule`."""
        await self._rules.replace_one({"_id": rule.name}, {"body": rule.model_dump_json()}, upsert=True)

    @answering
    async def delete_rule(self, name: str) -> bool:
        """See `ReplyStore.delete_rule`."""
        return bool((await self._rules.delete_one({"_id": name})).deleted_count)

    @answering
    async def rules(self) -> list[ReplyRule]:
        """See `ReplyStore.rules`."""
        return [ReplyRule.model_validate_json(document["body"]) async for document in self._rules.find().sort("_id", 1)]

    @answering
    async def add(self, reply: Reply) -> bool:
        """See `ReplyStore.add`."""
        try:
            await self._replies.insert_one(_document(reply))
        except DuplicateKeyError:
            return False
        return True

    @answering
    async def find(self, reply_id: str) -> Reply:
        """See `ReplyStore.find`."""
        document = await self._replies.find_one({"_id": reply_id})
        if document is None:
            raise NotFoundError(missing(reply_id))
        return _reply(document)

    @answering
    async def known(self, reply_ids: Sequence[str]) -> set[str]:
        """See `ReplyStore.known`."""
        found = self._replies.find({"_id": {"$in": list(reply_ids)}}, {"_id": 1})
        return {document["_id"] async for document in found}

    @answering
    async def swap(self, before: Reply, after: Reply) -> bool:
        """See `ReplyStore.swap`."""
        query = {"_id": before.id, "version": before.version}
        return int((await self._replies.replace_one(query, _document(after))).matched_count) == 1

    @answering
    async def page(
        self, state: ReplyState | None, brand: str | None, after: TimePosition | None, limit: int
    ) -> list[Reply]:
        """See `ReplyStore.page`."""
        wanted = {name: value for name, value in (("state", state), ("brand", brand)) if value is not None}
        found = self._replies.find({**wanted, **behind(after)}).sort([("created_ms", 1), ("_id", 1)]).limit(limit)
        return [_reply(document) async for document in found]

    @answering
    async def due(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.due`."""
        query = {"state": "approved", "due_ms": {"$lte": milliseconds(now)}}
        found = self._replies.find(query).sort([("due_ms", 1), ("_id", 1)]).limit(limit)
        return [_reply(document) async for document in found]

    @answering
    async def overdue(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.overdue`."""
        query = {"state": "sending", "sending_ms": {"$lte": milliseconds(now)}}
        return [_reply(document) async for document in self._replies.find(query).limit(limit)]

    @answering
    async def stale(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.stale`."""
        query = {"state": {"$in": sorted(WAITING)}, "expires_ms": {"$lte": milliseconds(now)}}
        return [_reply(document) async for document in self._replies.find(query).limit(limit)]

    @answering
    async def of_authors(self, authors: Sequence[str], since: datetime) -> list[Reply]:
        """See `ReplyStore.of_authors`."""
        query = {"author": {"$in": list(authors)}, "created_ms": {"$gte": milliseconds(since)}}
        return [_reply(document) async for document in self._replies.find(query)]

    @answering
    async def forget_author(self, author: str, now: datetime) -> list[Reply]:
        """See `ReplyStore.forget_author`; a reply that changes meanwhile stays for a repetition.

        What a reply holds goes before it: after a crash between the two the reply is there to find the rest by.
        """
        removed: list[Reply] = []
        at = milliseconds(now)
        query = {"author": author, "$or": [{"state": {"$ne": "sending"}}, {"sending_ms": {"$lte": at}}]}
        for reply in [_reply(document) async for document in self._replies.find(query)]:
            await self._forget_claims(author, reply.id)
            gone = await self._replies.delete_one({"_id": reply.id, "version": reply.version})
            removed += [reply] * int(gone.deleted_count)
        if not await self._replies.count_documents({"author": author}, limit=1):
            await self._authors.delete_one({"_id": author})
        return removed

    @answering
    async def ours(self, sent_keys: Sequence[str]) -> set[str]:
        """See `ReplyStore.ours`."""
        found = self._replies.find({"sent_key": {"$in": list(sent_keys)}}, {"sent_key": 1})
        return {document["sent_key"] async for document in found}


def _document(reply: Reply) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": reply.id,
        "version": reply.version,
        "state": reply.state,
        "brand": reply.brand,
        "author": reply.author,
        "created_ms": milliseconds(reply.created_at),
        "due_ms": milliseconds(reply.due_at),
        "expires_ms": milliseconds(reply.expires_at),
        "body": reply.model_dump_json(),
    }
    if reply.sent_key is not None:
        document["sent_key"] = reply.sent_key
    if reply.sending_until is not None:
        document["sending_ms"] = milliseconds(reply.sending_until)
    return document


def _reply(document: Any) -> Reply:
    return Reply.model_validate_json(document["body"])
