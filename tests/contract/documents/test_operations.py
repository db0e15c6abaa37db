"""The contract of operations on single documents."""

import asyncio
from dataclasses import replace

import pytest

from shared.documents.base import Documents, Operations
from shared.documents.collection import Collection, Document
from shared.documents.query import Query
from shared.errors import ConflictError
from tests.contract.documents.notes import NOTES, TALLIES, a_note


async def test_a_document_comes_back_as_it_was_inserted(documents: Documents) -> None:
    """Its body, every kind of field and its first version; fields without a value are left out."""
    kept = a_note("a", '{"text": "ü"}', place="x", due=-(2**62), slot=None, sealed=b"\x00\xff")
    assert await documents.insert(NOTES, kept)
    found = await documents.get(NOTES, "a")
    assert found == a_note("a", '{"text": "ü"}', version=1, place="x", due=-(2**62), sealed=b"\x00\xff")
    assert await documents.get(NOTES, "b") is None
    assert await documents.get_all(NOTES, ["b", "a"], bodies=False) == [replace(found, body="")]
    assert await documents.get_all(NOTES, []) == []


async def test_a_duplicate_is_told_and_changes_nothing(documents: Documents) -> None:
    """A key and what must be unique are there once; what has no value may be there any number of times."""
    assert await documents.insert(NOTES, a_note("a", "1", slot="one"))
    assert not await documents.insert(NOTES, a_note("a", "2", slot="two"))
    assert not await documents.insert(NOTES, a_note("b", "2", slot="one"))
    assert await documents.insert(NOTES, a_note("c"))
    assert await documents.insert(NOTES, a_note("d"))
    assert [one.body for one in await documents.find(NOTES, Query(), 9)] == ["1", "{}", "{}"]


async def test_only_the_version_that_was_read_is_replaced(documents: Documents) -> None:
    """The next version is returned, with the fields of the new document alone."""
    await documents.insert(NOTES, a_note("a", "1", place="x", due=3))
    replaced = await documents.replace(NOTES, a_note("a", "2", 1, due=4))
    assert replaced == a_note("a", "2", 2, due=4)
    assert await documents.replace(NOTES, a_note("a", "3", 1)) is None
    assert await documents.replace(NOTES, a_note("b", "3", 0)) is None
    assert await documents.get(NOTES, "a") == replaced
    assert await documents.find(NOTES, Query(("place", "due"), ("x",)), 9) == []


async def test_what_must_be_unique_is_refused_in_a_replacement(documents: Documents) -> None:
    """The document stays as it was."""
    await documents.insert(NOTES, a_note("a", slot="one"))
    await documents.insert(NOTES, a_note("b", slot="two"))
    with pytest.raises(ConflictError, match="notes"):
        await documents.replace(NOTES, a_note("b", "2", 1, slot="one"))
    with pytest.raises(ConflictError, match="notes"):
        await documents.update(NOTES, "b", lambda _: a_note("b", "2", slot="one"))
    with pytest.raises(ConflictError, match="notes"):
        await documents.update(NOTES, "c", lambda _: a_note("c", "2", slot="one"))
    assert await documents.get(NOTES, "b") == a_note("b", version=1, slot="two")
    assert await documents.get(NOTES, "c") is None


async def test_an_update_inserts_changes_leaves_and_removes(documents: Documents) -> None:
    """Each by what the change makes of the document that it is given; what it raises changes nothing."""

    def appended(before: Document | None) -> Document:
        return a_note("a", (before.body if before else "") + "x", place="here")

    assert await documents.update(NOTES, "a", appended) == a_note("a", "x", 1, place="here")
    assert await documents.update(NOTES, "a", appended) == a_note("a", "xx", 2, place="here")
    assert await documents.update(NOTES, "a", lambda before: before) == a_note("a", "xx", 2, place="here")

    def failing(_: Document | None) -> Document:
        raise LookupError

    with pytest.raises(LookupError):
        await documents.update(NOTES, "a", failing)
    assert await documents.get(NOTES, "a") == a_note("a", "xx", 2, place="here")
    assert await documents.update(NOTES, "a", lambda _: None) is None
    assert await documents.get(NOTES, "a") is None
    assert await documents.update(NOTES, "a", lambda before: before) is None


async def test_of_updates_at_once_none_is_lost(replicas: tuple[Documents, Documents]) -> None:
    """Those that find no document count too."""

    def counted(before: Document | None) -> Document:
        return Document("sum", str(int(before.body) + 1 if before else 1))

    sums = await asyncio.gather(*(replicas[turn % 2].update(TALLIES, "sum", counted) for turn in range(16)))
    assert sorted(int(one.body) for one in sums if one) == list(range(1, 17))


async def test_documents_are_put_in_place_of_what_their_keys_had(documents: Documents) -> None:
    """A thousand at once, in whatever version; fields that have no value any more are gone."""
    await documents.insert(TALLIES, Document("0001", "old"))
    await documents.put_all(TALLIES, [Document(f"{n:04}", "new") for n in range(1000)])
    assert await documents.count(TALLIES, Query(), 2000) == 1000
    assert [one.version for one in await documents.get_all(TALLIES, ["0001"])] == [2]
    assert [one.version for one in await documents.get_all(TALLIES, ["0002"])] == [1]
    await documents.put_all(TALLIES, [])
    with pytest.raises(ValueError, match="unique"):
        await documents.put_all(NOTES, [a_note("a")])


async def test_puts_of_new_keys_at_once_all_go_well(replicas: tuple[Documents, Documents]) -> None:
    """Each key has one of the documents, whole."""
    await asyncio.gather(
        *(replicas[n % 2].put_all(TALLIES, [Document(str(key), str(n)) for key in range(20)]) for n in range(8))
    )
    found = await replicas[0].find(TALLIES, Query(), 99)
    assert [one.version for one in found] == [8] * 20


async def test_documents_are_removed_by_key_and_version(documents: Documents) -> None:
    """It is told whether they were there."""
    for key in "abc":
        await documents.insert(TALLIES, Document(key, "1"))
    assert not await documents.delete(TALLIES, "a", version=2)
    assert await documents.delete(TALLIES, "a", version=1)
    assert not await documents.delete(TALLIES, "a")
    assert await documents.delete(TALLIES, "b")
    assert await documents.delete_all(TALLIES, ["a", "b", "c"]) == 1
    assert await documents.delete_all(TALLIES, []) == 0


async def test_what_is_not_declared_is_refused(documents: Documents) -> None:
    """Collections, fields, indexes and types, by operations in and out of a transaction."""
    other = Collection("others")

    async def refused(operations: Operations) -> None:
        for document in (a_note("a", colour="x"), a_note("a", due="soon"), a_note("a", place=1)):
            with pytest.raises(ValueError, match="notes"):
                await operations.insert(NOTES, document)
        for query in (
            Query(("due", "place")),
            Query(("place",)),
            Query(("due",), (1, 2)),
            Query(("due",), ("soon",)),
            Query(("due",), (None,)),
            Query(("due",), low="soon"),
            Query(low=1),
            Query(("due",), after=(1, 1)),
        ):
            with pytest.raises(ValueError, match="notes"):
                await operations.find(NOTES, query, 1)
        with pytest.raises(ValueError, match="others"):
            await operations.get(other, "a")
        with pytest.raises(ValueError, match="others"):
            await operations.update(other, "a", lambda one: one)

    await refused(documents)
    await documents.transaction(refused)
    assert await documents.find(NOTES, Query(), 1) == []


async def test_a_ready_store_says_so(documents: Documents) -> None:
    """It answers, and can be scrubbed."""
    await documents.check_ready()
    await documents.scrub()
