"""Every statement of the SQLite store goes by an index: none reads a table that grows with posts or authors."""

import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.profiles.feature_page import ChangedSpan
from services.profiles.folding import LATEST
from services.profiles.kept import Place
from services.profiles.listing import ClusterFilter, Listing, Order, Position, Sort
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_schema import SCHEMA
from services.profiles.texts import TextQuery
from shared.sqlite import Result, SqliteDatabase, Statement, open_sqlite
from tests.contract.test_profile_store_removals import POSTS, through
from tests.unit.profiles.posts import START, key, post

FIRST = int(START.timestamp())
MANY = 1000

SMALL = frozenset(
    {
        "found",
        "brand",
        "brand_change",
        "embedding_use",
        "embedding_version",
        "restoration",
        "assigned_run",
        "published",
        "json_each",
    }
)
"""Tables of a row a brand, a model or a run, and `found`, the brands of a table.

Reading all of them costs no more with more posts or authors.
"""

READS_ALL = {
    "SELECT brand, post_key FROM post WHERE author_key = ?": "an erasure looks for keys, which have no index by author",
    "SELECT min(json_extract(body, '$.first_seen')) FROM profile WHERE brand = ?": "needed where a brand's very first "
    "post is taken out, and never else",
    "SELECT voice, span, start, body, theta, authors FROM bucket WHERE brand = ? ORDER BY voice, span, start": "a "
    "backup reads all buckets of a brand",
}
"""Statements that read a whole table, or all that a brand has in it, and why."""

SORTS = {
    "ORDER BY latest DESC, posts DESC, version LIMIT 1": "the embedding versions of a brand, of which there are few",
    "ORDER BY post_key LIMIT ?)": "a sample goes by key, over a part of the index by hour",
    "GROUP BY voice, hour": "an author's posts are counted by hour, out of that index alone",
    "GROUP BY basis, cluster": "the authors of each published cluster are counted, now and then",
    "ORDER BY post_key": "the posts of a sample, no more than were asked for, are put in order",
    "ORDER BY voice, span, start": "all buckets of a brand, in the order of a backup",
    "AND last_seen >= ?": "a list of those who were seen since a moment may go by that, and be sorted then",
}
"""What may be sorted that no index has in order, and why."""


class Noting:
    """A connection that notes its statements as they are written, with question marks."""

    def __init__(self, real: sqlite3.Connection, noted: dict[str, int]) -> None:
        """Note in `noted` how many values each statement has."""
        self._real = real
        self._noted = noted

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Note, then run the statement."""
        self._noted[" ".join(statement.split())] = len(values)
        return self._real.execute(statement, values)

    def executemany(self, statement: str, rows: Any) -> sqlite3.Cursor:
        """Note, then run the statement for each row."""
        self._noted[" ".join(statement.split())] = statement.count("?")
        return self._real.executemany(statement, rows)


class Watched:
    """A database whose statements are noted."""

    def __init__(self, real: SqliteDatabase) -> None:
        """Note nothing yet."""
        self._real = real
        self.noted: dict[str, int] = {}
        self.checkpoint = real.checkpoint
        self.check_ready = real.check_ready

    async def write(self, work: Statement[Result]) -> Result:
        """See `SqliteDatabase.write`."""
        return await self._real.write(lambda connection: work(Noting(connection, self.noted)))  # type: ignore[arg-type]

    async def read(self, work: Statement[Result]) -> Result:
        """See `SqliteDatabase.read`."""
        return await self._real.read(lambda connection: work(Noting(connection, self.noted)))  # type: ignore[arg-type]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Yield an empty database."""
    async with open_sqlite(tmp_path / "profiles.db", SCHEMA) as opened:
        yield opened


class Called:
    """A store that notes which of its methods are asked for."""

    def __init__(self, store: ProfileStore) -> None:
        """Note nothing yet."""
        self._store = store
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return getattr(self._store, name)


async def do_everything(store: Any) -> None:
    """Call every method of the port, with and without whatever changes its statements."""
    await store.fold("acme", POSTS)
    await store.stage("acme", "behaviour", "run-1", {key(0): 1})
    await store.publish("acme", "behaviour", "run-1", 1)
    await store.stage("acme", "behaviour", "run-2", {key(0): 1, key(99): 1})
    await read_everything(store)
    await store.remove("acme", [key(0), key(4), key(99)], {key(1): through(3)}, early=False)
    await store.remove("acme", [key(99)], {key(77): through(3)})
    profiles, posts = await store.kept_profiles("acme", None, MANY), await store.kept_posts("acme", None, MANY)
    await store.restore_removals("other", await store.removed_authors("acme", None, MANY), [key(55)])
    await store.restore_profiles("other", profiles)
    await store.restore_buckets("other", await store.kept_buckets("acme"))
    await store.restore_posts("other", posts)
    await store.sweep_runs(LATEST, LATEST)
    await store.forget_run("acme", "run-1")
    await store.redate(LATEST, 3)
    await store.sweep(LATEST, 3)
    await store.fold("acme", [post(50, 2, hours=-9), post(51, 5)])
    await store.remove("acme", [key(2), key(50)], {})
    await store.erase(key(2))
    await store.erased_authors(None, MANY)


async def read_everything(store: Any) -> None:
    """Call what only reads."""
    await store.check_ready()
    await store.counted("acme", [key(1)])
    await store.has_brand("acme")
    await store.embedding_lengths()
    await store.brands(None, 10)
    await store.kept_brands()
    await store.summary("acme")
    await store.cluster_sizes("acme")
    await store.assigned_runs("acme")
    await store.assignments("acme", "behaviour", "run-1", None, 3)
    await store.profile("acme", key(1))
    await store.features("acme", "", 10)
    await store.features("acme", ChangedSpan(0, "", 10), 10, "v1")
    await store.embedding_space("acme")
    await store.last_change("acme")
    await store.changes(0)
    for sort in Sort:
        for order in Order:
            value = key(1) if sort is Sort.AUTHOR_KEY else 1
            await store.profiles(Listing("acme", 5, sort, order))
            await store.profiles(Listing("acme", 5, sort, order, Position(value, key(1))))
            await store.profiles(
                Listing("acme", 5, sort, order, None, 2, FIRST, "en", ClusterFilter("behaviour", 1)),
            )
    for voice in (None, "internal"):
        await store.rollups("acme", "hour", FIRST, LATEST, voice, 3)
        await store.sample("acme", FIRST, LATEST, 3, voice)
    await store.posts("acme", FIRST, LATEST, None, 3)
    await store.posts("acme", FIRST, LATEST, Place(FIRST, key(1)), 3)
    await store.texts("acme", TextQuery(FIRST, LATEST, key(1), 3, embeddings=True))
    await store.texts("acme", TextQuery(FIRST, LATEST, post_keys=[key(1)]))


async def plans(database: SqliteDatabase, noted: dict[str, int]) -> dict[str, list[str]]:
    """Return what SQLite says of how it does each statement."""

    def explain(connection: sqlite3.Connection, statement: str, values: int) -> list[str]:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * values)
        return [row["detail"] for row in rows]

    return {
        statement: await database.read(lambda c, statement=statement, values=values: explain(c, statement, values))  # type: ignore[misc]
        for statement, values in noted.items()
    }


async def noted_plans(database: SqliteDatabase) -> dict[str, list[str]]:
    """Return the plans of every statement that the store issues."""
    watched = Watched(database)
    await do_everything(SqliteProfileStore(watched))  # type: ignore[arg-type]
    return await plans(database, watched.noted)


def table_of(detail: str) -> str:
    """Return the table that a step of a plan reads."""
    return detail.split()[1]


async def test_no_statement_reads_a_table_that_grows(database: SqliteDatabase) -> None:
    """Whatever is looked for among posts, profiles or what belongs to them is found by an index."""
    scans = {
        statement: detail
        for statement, details in (await noted_plans(database)).items()
        for detail in details
        if detail.startswith("SCAN") and table_of(detail) not in SMALL and statement not in READS_ALL
    }
    assert scans == {}


async def test_no_statement_reads_all_that_a_brand_has(database: SqliteDatabase) -> None:
    """An index is used by more than the brand, unless it only gives the order of a page."""
    wide = {
        statement: detail
        for statement, details in (await noted_plans(database)).items()
        for detail in details
        if re.search(r"\(brand=\?\)$", detail)
        and table_of(detail) not in SMALL
        and "LIMIT ?" not in statement
        and "LIMIT 1" not in statement
        and not re.search(r"SELECT max\(\w+\)", statement)
        and statement not in READS_ALL
    }
    assert wide == {}


async def test_no_statement_sorts_what_an_index_has_in_order(database: SqliteDatabase) -> None:
    """Pages come in the order of an index: none is sorted out of all there is."""
    sorts = {
        statement: details
        for statement, details in (await noted_plans(database)).items()
        if any("TEMP B-TREE" in detail for detail in details)
        and not any(statement.endswith(part) or part in statement for part in SORTS)
    }
    assert sorts == {}


async def test_each_order_of_a_list_has_an_index_of_its_own(database: SqliteDatabase) -> None:
    """A list goes by the index of the field that it is sorted by, with and without a position, means both ways."""
    found = [
        (re.sub(r".*ORDER BY (\w+).*", r"\1", statement), details[0])
        for statement, details in (await noted_plans(database)).items()
        if re.match(r"SELECT author_key, body FROM profile WHERE brand = \? (AND \(|AND mean|ORDER)", statement)
    ]
    assert {name for name, _ in found} == {"posts", "last_seen", "author_key", "mean_falling"}
    for name, detail in found:
        index = "sqlite_autoindex_profile" if name == "author_key" else f"profile_by_{name}"
        assert f"USING INDEX {index}" in detail


async def test_every_exception_is_still_needed(database: SqliteDatabase) -> None:
    """A statement that is let through is one that the store issues."""
    noted = await noted_plans(database)
    assert noted.keys() >= READS_ALL.keys()
    assert all(any(part in statement for statement in noted) for part in SORTS)


async def test_every_method_is_called(database: SqliteDatabase) -> None:
    """No method of the port is left out."""
    called = Called(SqliteProfileStore(database))
    await do_everything(called)
    assert called.names == {name for name in vars(ProfileStore) if not name.startswith("_")}


async def test_every_table_is_looked_at(database: SqliteDatabase) -> None:
    """The statements under test touch each table of the schema, so none goes unseen."""
    noted = " ".join(await noted_plans(database))
    assert all(re.search(rf"\b{table}\b", noted) for table in re.findall(r"TABLE IF NOT EXISTS (\w+)", SCHEMA))
