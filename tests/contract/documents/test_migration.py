"""What a store kept before there were documents moves as a whole, however often it is cut off."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from shared.documents import migration
from shared.documents.backend import open_documents
from shared.documents.collection import Document
from shared.documents.migration import Kept, Move, moved_collections, moved_tables
from shared.documents.query import Query
from shared.errors import SettingsError
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.documents.notes import COLLECTIONS, NOTES, TALLIES, a_note

NOTES_OF_THEN: Final = 7


def _note(row: Mapping[str, Any]) -> list[Kept]:
    """Return a note of then, and the tally that goes with it."""
    key = str(row.get("_id", row.get("name")))
    return [(NOTES, a_note(key, row["text"], row["version"], slot=key)), (TALLIES, Document(key, "1"))]


def _tally(row: Mapping[str, Any]) -> list[Kept]:
    return [(TALLIES, Document(row["day"], str(row["notes"])))]


MOVES: Final = (
    Move("note", _note),
    Move("tally", _tally, "SELECT day, count(*) AS notes FROM tally GROUP BY day"),
    Move("never_there", _note),
)
KEPT: Final = [a_note(f"note {n}", f"text {n}", n + 1, slot=f"note {n}") for n in range(NOTES_OF_THEN)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of then."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE note (name TEXT, text TEXT, version INTEGER)")
        connection.execute("CREATE TABLE tally (day TEXT)")
        connection.execute("CREATE TABLE other (kept TEXT)")
        rows = [(f"note {n}", f"text {n}", n + 1) for n in range(NOTES_OF_THEN)]
        connection.executemany("INSERT INTO note VALUES (?, ?, ?)", rows)
        connection.executemany("INSERT INTO tally VALUES (?)", [("monday",), ("monday",), ("sunday",)])
    return path


def _tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_tables_become_documents_once(file: Path) -> None:
    """With their versions, in the file's next schema; the tables are gone, others stay, and a change stays too."""
    migrations = (moved_tables(MOVES, COLLECTIONS),)
    async with open_documents(SqliteUrl(file), COLLECTIONS, migrations) as documents:
        assert await documents.find(NOTES, Query(), 99) == KEPT
        tallies = {one.key: one.body for one in await documents.find(TALLIES, Query(), 99)}
        assert (tallies["monday"], tallies["sunday"], len(tallies)) == ("2", "1", NOTES_OF_THEN + 2)
        await documents.update(NOTES, "note 0", lambda _: None)
    assert _tables(file) == {NOTES.table, TALLIES.table, "other"}
    async with open_documents(SqliteUrl(file), COLLECTIONS, migrations) as documents:
        assert await documents.find(NOTES, Query(), 99) == KEPT[1:]


async def test_tables_that_cannot_move_stay_as_they_are(file: Path) -> None:
    """Where one row cannot be kept nothing is changed, and the service does not start."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO note VALUES ('note 0', 'twice', 1)")
    with pytest.raises(SettingsError, match="cannot be opened"):
        async with open_documents(SqliteUrl(file), COLLECTIONS, (moved_tables(MOVES, COLLECTIONS),)):
            pass
    assert _tables(file) == {"note", "tally", "other"}


async def _fill(database: MongoDatabase) -> None:
    rows = [{"_id": f"note {n}", "text": f"text {n}", "version": n + 1} for n in range(NOTES_OF_THEN)]
    await database["note"].insert_many(rows)


async def _open_all(url: MongoUrl, *moves: Move) -> list[Document]:
    """Open the store with these moves, and return its notes."""
    async with open_documents(url, COLLECTIONS, prepare=moved_collections(moves)) as documents:
        return await documents.find(NOTES, Query(), 99)


@pytest.mark.mongo
async def test_collections_become_documents_by_one_of_several_replicas(
    mongo_url: MongoUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All start at the same moment, and none serves before everything has moved."""
    monkeypatch.setattr(migration, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(migration, "BATCH", 2)
    async with open_mongo(mongo_url) as database:
        await _fill(database)
        assert await asyncio.gather(*(_open_all(mongo_url, *MOVES) for _ in range(4))) == [KEPT] * 4
        assert set(await database.list_collection_names()) <= {NOTES.table, TALLIES.table, "document_moves"}
        assert await database["document_moves"].count_documents({}) == 0
        async with open_documents(mongo_url, COLLECTIONS, prepare=moved_collections(MOVES)) as documents:
            await documents.update(NOTES, "note 0", lambda _: None)
        assert await _open_all(mongo_url, *MOVES) == KEPT[1:]


@pytest.mark.mongo
async def test_a_move_that_was_cut_off_goes_on(mongo_url: MongoUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another replica, once the lease of the one that died is over; each document is kept once."""
    monkeypatch.setattr(migration, "BATCH", 2)
    monkeypatch.setattr(migration, "LEASE_SECONDS", 0.0)
    async with open_mongo(mongo_url) as database:
        await _fill(database)
        for dies_at in range(NOTES_OF_THEN):

            def dying(row: Mapping[str, Any], dies_at: int = dies_at) -> list[Kept]:
                if row["_id"] == f"note {dies_at}":
                    raise LookupError
                return _note(row)

            with pytest.raises(LookupError):
                await _open_all(mongo_url, Move("note", dying))
        assert await database["note"].count_documents({}) == NOTES_OF_THEN
        assert await _open_all(mongo_url, *MOVES) == KEPT
        assert "note" not in await database.list_collection_names()


@pytest.mark.mongo
async def test_a_collection_that_cannot_be_kept_whole_is_not_dropped(mongo_url: MongoUrl) -> None:
    """Where two of its documents claim what may be there once, the service does not start."""

    def clashing(row: Mapping[str, Any]) -> list[Kept]:
        return [(NOTES, a_note(row["_id"], slot="the same"))]

    async with open_mongo(mongo_url) as database:
        await _fill(database)
        with pytest.raises(SettingsError, match="old collection note cannot be kept"):
            await _open_all(mongo_url, Move("note", clashing))
        assert await database["note"].count_documents({}) == NOTES_OF_THEN
