"""Rows that cannot be read are named, and take no other's list down."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import UnreadableRowError, find_readable, read_document
from shared.leases import LEASE_FIELDS, LEASE_INDEX, freed
from shared.outbox import Outbox, OutboxRow, outbox_of
from shared.store_url import SqliteUrl
from tests.unit.profiles.clock import EPOCH

NOTES = Collection("notes", {"place": int, **LEASE_FIELDS}, (Index(("place",)), LEASE_INDEX))
OUTBOX = outbox_of("parcels")


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    """Yield nine notes, of which every third is no number."""
    async with open_documents(SqliteUrl(tmp_path / "notes.db"), (NOTES, OUTBOX)) as opened:
        for place in range(9):
            body = str(place) if place % 3 else "{private text"
            await opened.insert(NOTES, Document(f"person-{place}", body, {"place": place}))
        yield opened


def number(document: Document) -> int:
    """Return the number that a note is."""
    return int(document.body)


async def test_a_list_is_as_full_as_others(documents: Documents, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read is passed over and named in the log, without its key or its body."""
    query = Query(("place",))
    assert await find_readable(documents, NOTES, query, 4, number) == [1, 2, 4, 5]
    assert await find_readable(documents, NOTES, query, 9, number) == [1, 2, 4, 5, 7, 8]
    assert await find_readable(documents, NOTES, Query(("place",), low=6, high=6), 9, number) == []
    said = capsys.readouterr().out
    assert f"row={hashlib.sha256(b'person-3').hexdigest()[:12]}" in said
    assert "table=document_notes" in said
    assert "person" not in said
    assert "private" not in said


async def test_a_row_that_is_asked_for_is_named(documents: Documents) -> None:
    """By its table and a digest of its key, with what to do."""
    document = await documents.get(NOTES, "person-3")
    assert document is not None
    row = hashlib.sha256(b"person-3").hexdigest()[:12]
    with pytest.raises(UnreadableRowError, match=f"row {row} of the store's table document_notes .*restore a backup"):
        read_document(NOTES, document, number)


async def test_a_delivery_that_cannot_be_read_delays_no_other(documents: Documents) -> None:
    """It is passed over, though it is due longest."""
    outbox = Outbox(documents, OUTBOX)
    await documents.insert(OUTBOX, freed(Document("a", "{", {"state": "waiting", "subject": "s"}), EPOCH))
    await outbox.add([OutboxRow(id="b", subject="s", destination="desk")], EPOCH)
    taken = await outbox.take("me", EPOCH, EPOCH)
    assert taken is not None
    assert taken[1].id == "b"
    assert [row.id for row in await outbox.of_subjects(["s"])] == ["b"]
