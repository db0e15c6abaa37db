"""Every statement of the SQLite store goes by an index: none reads a table that grows with posts or authors."""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.profiles.folding import LATEST
from services.profiles.kept import Place
from services.profiles.listing import ClusterFilter, Listing, Order, Sort, position_of
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.sqlite import Result, SqliteDatabase, Statement, open_sqlite
from tests.contract.test_profile_store_removals import POSTS, through
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import START, key, post

FIRST = int(START.timestamp())
MANY = 1000

SMALL = frozenset({"brand", "embedding_version", "restoration", "published", "json_each"})
"""Tables of a row a brand, a model or a run: reading all of them costs no more with more posts or authors."""

READS_ALL = {
    "SELECT brand, post_key FROM post WHERE author_key = ?": "an erasure looks for keys, which have no index by author",
    "SELECT min(json_extract(body, '$.first_seen')) FROM profile WHERE brand = ?": (
        "the brand's first hour is looked up where its very first post is taken out"
    ),
}
"""Statements that may read a whole table (or all of a brand's rows), and why."""

SORTS = {
    "SELECT rowid FROM analyzed_post WHERE brand = ? AND hour >= ? AND hour < ? ORDER BY post_key LIMIT ?": (
        "a sample goes by key, over a stretch of the index by hour"
    ),
    "ORDER BY post_key": "the posts of a sample, no more than were asked for, are put in order",
    "ORDER BY voice, span, start": "all buckets of a brand, read whole, in the order of a backup",
}
"""Ends or parts of statements that may sort what they read, and why."""


class Traced(SqliteDatabase):
    """A database that notes each statement as it was written, with question marks."""

    def __init__(self, path: Path) -> None:
        """Note nothing yet."""
        super().__init__(path)
        self.statements: set[str] = set()

    async def write(self, work: Statement[Result]) -> Result:
        """See `SqliteDatabase.write`."""
        return await super().write(lambda connection: work(self._noting(connection)))

    async def read(self, work: Statement[Result]) -> Result:
        """See `SqliteDatabase.read`."""
        return await super().read(lambda connection: work(self._noting(connection)))

    def _noting(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        return Noting(connection, self.statements)  # type: ignore[return-value]
