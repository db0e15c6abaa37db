"""The only module that knows Motor: opening a MongoDB database, transactions, and what its absence is to callers.

Motor 3.7 gets critical fixes alone until May 2027; PyMongo's AsyncMongoClient has the same calls and
replaces it here. Stores use the database object's operations and import PyMongo's errors, never Motor.
"""

import asyncio
import functools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import parse_qsl, urlsplit

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.errors import OverloadedError, PeerUnavailableError, SettingsError, VoxpopError
from shared.store_url import MongoUrl

MongoDatabase = Any
"""Motor ships no types; a store annotates what it gets back."""
MongoSession = Any
"""What an operation of a transaction is given as `session`."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Operation = Callable[Arguments, Coroutine[Any, Any, Result]]

TIMEOUT_MS: Final = 10_000
TRANSACTION_SECONDS: Final = 20.0
"""For how long a transaction that met another one is begun anew."""
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.2
_NOT_LET_IN: Final = frozenset({13, 18})
"""MongoDB's codes Unauthorized and AuthenticationFailed."""
_MET: Final = frozenset({112, 11000})
"""MongoDB's codes WriteConflict and DuplicateKey."""
_TRANSIENT: Final = "TransientTransactionError"
_UNKNOWN: Final = "UnknownTransactionCommitResult"
_SAFE_OPTIONS: Final = {
    "readpreference": ({"primary"}, "readPreference=primary"),
    "w": ({"majority"}, "w=majority"),
    "journal": ({"true"}, "journal=true"),
    "readconcernlevel": ({"majority"}, "readConcernLevel=majority"),
}
"""Options of a URL that could take away what stores rely on: the values that do not, and the remedy."""


@asynccontextmanager
async def open_mongo(url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Open a client with a deadline on every operation, reads of the primary, majority on both ways, UTC-aware times.

    The server need not answer yet; `check_replica_set` asks it. Raises SettingsError where the driver cannot read the
    URL or an option in it allows less than that; it may hold a password and is not quoted.
    """
    _check_options(url)
    try:
        client = AsyncIOMotorClient(
            url.url,
            timeoutMS=TIMEOUT_MS,
            serverSelectionTimeoutMS=TIMEOUT_MS,
            tz_aware=True,
            w="majority",
            journal=True,
            readConcernLevel="majority",
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


def _check_options(url: MongoUrl) -> None:
    for name, value in parse_qsl(urlsplit(url.url).query):
        allowed, remedy = _SAFE_OPTIONS.get(name.lower(), ({value.lower()}, ""))
        if value.lower() not in allowed:
            raise SettingsError(
                f"the store's MongoDB URL says {name}={value}, with which posts could be lost or counted twice "
                f"after a failover: write {remedy}, or leave it out"
            )


def answering(operation: Operation[Arguments, Result]) -> Operation[Arguments, Result]:
    """Wrap an operation that may be repeated.

    A server away or too slow becomes PeerUnavailableError, one that refuses the user SettingsError. What makes a
    transaction run again passes through, for `in_transaction` to see.
    """

    @functools.wraps(operation)
    async def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return await operation(*args, **kwargs)
        except PyMongoError as error:
            told = _told(error)
            if told is None or error.has_error_label(_TRANSIENT):
                raise
            raise told from None

    return call


def _told(error: PyMongoError) -> VoxpopError | None:
    if isinstance(error, ConnectionFailure) or error.timeout:
        return PeerUnavailableError("mongodb", "the store does not answer; send it again")
    if isinstance(error, OperationFailure) and error.code in _NOT_LET_IN:
        return SettingsError("MongoDB refused the store's user; check user, password and authSource")
    return None


@answering
async def check_replica_set(database: MongoDatabase) -> None:
    """Return where the server has transactions; raises SettingsError for a standalone, PeerUnavailableError."""
    hello = await database.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise SettingsError(
            "the store's MongoDB server stands alone and so has no transactions: start it as a replica set, of one "
            "node if need be (`mongod --replSet rs0`, then once `mongosh --eval 'rs.initiate()'`), its data stays"
        )


async def in_transaction(
    database: MongoDatabase,
    work: Callable[[MongoSession], Awaitable[Result]],
    seconds: float = TRANSACTION_SECONDS,
) -> Result:
    """Run `work` in one transaction: snapshot reads of the primary, a commit by the majority, all of it or nothing.

    Where it meets another transaction, or a key that was inserted since its snapshot, or loses its server, it runs
    anew, after a pause of random length, for `seconds` at the most; so `work` must be a function of what it reads, and
    give `session` to every operation. A commit whose answer is lost is asked for again, and never made twice.

    Raises OverloadedError where others stayed in the way, PeerUnavailableError where the server does not answer: then
    it has happened or not. What `work` raises undoes it and is raised.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    pause = _FIRST_PAUSE
    try:
        async with await database.client.start_session() as session:
            while True:
                try:
                    return await _attempt(session, work, deadline)
                except PyMongoError as error:
                    if not met_another(error) or clock() + pause > deadline:
                        raise
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads retries, keeps no secret
                pause = min(2 * pause, _LONGEST_PAUSE)
    except PyMongoError as error:
        told = _told(error)
        if told is None and met_another(error):
            told = OverloadedError("others change the same in the store all the time; send it again")
        if told is None:
            raise
        raise told from None


def met_another(error: PyMongoError) -> bool:
    """Tell whether an operation failed for what others did at the same time, so that it may go well if repeated."""
    if isinstance(error, BulkWriteError):
        codes = {one.get("code") for one in (error.details or {}).get("writeErrors", ())}
        return bool(codes) and codes <= _MET
    return isinstance(error, DuplicateKeyError) or error.has_error_label(_TRANSIENT)


async def _attempt(session: MongoSession, work: Callable[[MongoSession], Awaitable[Result]], deadline: float) -> Result:
    clock = asyncio.get_running_loop().time
    session.start_transaction(
        read_concern=ReadConcern("snapshot"),
        write_concern=WriteConcern("majority", j=True),
        read_preference=ReadPreference.PRIMARY,
    )
    try:
        result = await work(session)
    except BaseException:
        if session.in_transaction:
            await session.abort_transaction()
        raise
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label(_UNKNOWN) or clock() > deadline:
                raise
        else:
            return result
