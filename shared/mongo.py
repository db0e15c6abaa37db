"""The only module that knows Motor: opening a MongoDB database, and what its absence is to callers.

Motor 3.7 gets critical fixes alone until May 2027; PyMongo's AsyncMongoClient has the same calls and
replaces it here. Stores use the database object's operations and import PyMongo's errors, never Motor.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import ConfigurationError, ConnectionFailure, OperationFailure, PyMongoError

from shared.errors import PeerUnavailableError, SettingsError
from shared.store_url import MongoUrl

MongoDatabase = Any
"""Motor ships no types; a store annotates what it gets back."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Operation = Callable[Arguments, Coroutine[Any, Any, Result]]

TIMEOUT_MS = 10_000
_NOT_LET_IN = frozenset({13, 18})
"""MongoDB's codes Unauthorized and AuthenticationFailed."""


@asynccontextmanager
async def open_mongo(url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Open a client with a deadline on every operation, majority writes and UTC-aware times.

    Raises SettingsError where the driver cannot read the URL; it may hold a password and is not quoted.
    """
    try:
        client = AsyncIOMotorClient(
            url.url,
            timeoutMS=TIMEOUT_MS,
            serverSelectionTimeoutMS=TIMEOUT_MS,
            tz_aware=True,
            w="majority",
            journal=True,
            io_loop=asyncio.get_running_loop(),
        )
    except (ConfigurationError, ValueError) as error:
        raise SettingsError(
            f"the store's MongoDB URL cannot be used ({type(error).__name__}): write "
            "mongodb://user:password@host/database?option=value, with special characters percent-encoded"
        ) from None
    try:
        yield client[url.database]
    finally:
        client.close()


def answering(operation: Operation[Arguments, Result]) -> Operation[Arguments, Result]:
    """Wrap an operation that may be repeated.

    A server away or too slow becomes PeerUnavailableError, one that refuses the user SettingsError.
    """

    @functools.wraps(operation)
    async def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return await operation(*args, **kwargs)
        except PyMongoError as error:
            if isinstance(error, ConnectionFailure) or error.timeout:
                raise PeerUnavailableError("mongodb", "the store does not answer; send it again") from None
            if isinstance(error, OperationFailure) and error.code in _NOT_LET_IN:
                raise SettingsError("MongoDB refused the store's user; check user, password and authSource") from None
            raise

    return call
