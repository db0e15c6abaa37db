"""Ids that crashes left in the books of ledgers, let go at the start: `uncommitted` and `withdrawn`.

An id may leave `uncommitted` once its post is no longer pending, and `withdrawn` once it is no longer removing: states
only go forward. The book is read before the states, so every id in it had its post by then.
"""

from typing import Any

from services.profiles.stores.mongo_totals import MongoTotals
from shared.mongo import MongoDatabase

PIECE = 1000
_WAITING = {"uncommitted": "pending", "withdrawn": "removing"}


async def tidy(database: MongoDatabase, totals: MongoTotals) -> None:
    """Let go what is marked, and settle what profiles owe; harmless beside folds and removals that go on."""
    for collection in (database["profiles"], database["rollups"]):
        for book, state in _WAITING.items():
            async for ledger in collection.find({f"{book}.0": {"$exists": True}}, {book: 1}):
                await _let_go(database["posts"], collection, ledger["_id"], book, ledger[book], state)
    await totals.tidy()


async def _let_go(posts: Any, collection: Any, ledger_id: str, book: str, post_ids: list[str], state: str) -> None:
    for start in range(0, len(post_ids), PIECE):
        piece = post_ids[start : start + PIECE]
        query = {"_id": {"$in": piece}, "state": state}
        waiting = {post["_id"] async for post in posts.find(query, {"_id": 1})}
        marked = [post_id for post_id in piece if post_id not in waiting]
        await collection.update_one({"_id": ledger_id}, {"$pullAll": {book: marked}})
