"""The only module that knows Motor: opening a MongoDB database.

Motor 3.7 gets critical fixes alone until May 2027; PyMongo's AsyncMongoClient has the same calls and
replaces it here. Stores use the database object's operations and import PyMongo's errors, never Motor.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient

from shared.store_url import MongoUrl

MongoDatabase = Any
"""Motor ships no types; a store annotates what it gets back."""

TIMEOUT_MS = 10_000


@asynccontextmanager
async def open_mongo(url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Open a client with a deadline on every operation, majority writes and UTC-aware times."""
    client = AsyncIOMotorClient(
        url.url,
        timeoutMS=TIMEOUT_MS,
        serverSelectionTimeoutMS=TIMEOUT_MS,
        tz_aware=True,
        w="majority",
        journal=True,
        io_loop=asyncio.get_running_loop(),
    )
    try:
        yield client[url.database]
    finally:
        client.close()
