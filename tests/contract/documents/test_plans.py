"""Every shape of query is answered from its index: no document is looked at in vain, and nothing is sorted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.documents import sqlite
from shared.documents.mongo import MongoDocuments
from shared.documents.mongo_query import filter_of, hint_of, order_of
from shared.documents.query import Query
from shared.mongo import open_mongo
from shared.sqlite import SqliteDatabase, open_sqlite
from shared.store_url import MongoUrl
from tests.contract.documents.notes import COLLECTIONS, NOTES

SHAPES = [
    Query(),
    Query(low="a", high="b"),
    Query(after=("a",), descending=True),
    Query(("place", "due")),
    Query(("place", "due"), ("x",)),
    Query(("place", "due"), ("x",), high=3),
    Query(("place", "due"), ("x",), low=1, high=3, after=(2, "k"), descending=True),
    Query(("place", "due"), ("x", 3), after=("k",)),
    Query(("place", "due"), (("x", "y"),), high=3),
    Query(("place", "due"), (("x", "y"), 3)),
    Query(("place", "due"), after=("x", 3, "k")),
    Query(("due",), high=3, bodies=False),
    Query(("owner",), (("x", "y"),)),
    Query(("slot",), ("one",)),
]


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Yield an empty file of notes."""
    async with open_sqlite(tmp_path / "notes.db", sqlite.schema_of(COLLECTIONS)) as opened:
        yield opened


@pytest.mark.parametrize("query", SHAPES, ids=repr)
async def test_sqlite_answers_from_the_index(file: SqliteDatabase, query: Query) -> None:
    """It searches the index that the query names, or walks the keys, and sorts nothing."""
    source, values = sqlite._asked(NOTES, query)
    selected = sqlite._selected(query.index, bodies=query.bodies)
    statement = f"EXPLAIN QUERY PLAN SELECT {selected} FROM {source}"  # noqa: S608 - names of a declared collection
    rows = await file.read(lambda connection: connection.execute(statement, values).fetchall())
    plan = "\n".join(row["detail"] for row in rows)
    name = NOTES.index_name(query.index) if query.index else "sqlite_autoindex_document_notes_1"
    assert name in plan
    assert "TEMP B-TREE" not in plan.replace("json_each", "")
    assert ("SEARCH document_notes" in plan) is bool(query.index or query.low or query.after)
    assert ("COVERING" in plan) is (not query.bodies)


@pytest.mark.mongo
@pytest.mark.parametrize("query", SHAPES, ids=repr)
async def test_mongo_answers_from_the_index(mongo_url: MongoUrl, query: Query) -> None:
    """The server scans the index that the query names, never the collection."""
    async with open_mongo(mongo_url) as database:
        await MongoDocuments(database, COLLECTIONS).check_ready()
        asked = {
            "find": NOTES.table,
            "filter": filter_of(NOTES, query),
            "sort": dict(order_of(query)),
            "hint": hint_of(NOTES, query),
        }
        explained = await database.command("explain", asked, verbosity="queryPlanner")
    plan = str(explained["queryPlanner"]["winningPlan"])
    assert f"'indexName': '{hint_of(NOTES, query)}'" in plan
    assert "COLLSCAN" not in plan
