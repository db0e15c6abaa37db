"""The contract of transactions: several documents at once, while others write."""

import asyncio

import pytest

from shared.documents.base import Documents, Operations
from shared.documents.collection import Document
from shared.documents.query import Query
from shared.errors import ConflictError
from tests.contract.documents.notes import NOTES, TALLIES, a_note


async def bodies(documents: Operations) -> list[str]:
    """Return the bodies of all notes."""
    return [one.body for one in await documents.find(NOTES, Query(), 99)]


async def test_a_transaction_is_kept_as_a_whole(replicas: tuple[Documents, Documents]) -> None:
    """It sees what it wrote itself, others see nothing of it before, and its result is returned."""
    one, other = replicas

    async def work(operations: Operations) -> int:
        assert await operations.insert(NOTES, a_note("a", "1", place="x", due=1))
        assert await operations.update(NOTES, "a", lambda _: a_note("a", "2", place="x", due=2)) is not None
        assert await operations.replace(NOTES, a_note("a", "3", 2, place="x", due=3)) is not None
        await operations.put_all(TALLIES, [Document("t", "1"), Document("u", "2")])
        assert await operations.delete(TALLIES, "t")
        assert await operations.delete_found(TALLIES, Query(low="u"), 9) == 1
        assert await operations.count(NOTES, Query(("place", "due"), ("x",), low=3), 9) == 1
        assert await bodies(other) == []
        return 7

    assert await one.transaction(work) == 7
    assert await other.get(NOTES, "a") == a_note("a", "3", 3, place="x", due=3)


async def test_a_transaction_that_raises_keeps_nothing(documents: Documents) -> None:
    """The error is raised, and the next transaction goes well."""

    async def work(operations: Operations) -> None:
        await operations.insert(NOTES, a_note("a"))
        raise LookupError

    with pytest.raises(LookupError):
        await documents.transaction(work)
    assert await bodies(documents) == []
    await documents.transaction(lambda operations: operations.insert(NOTES, a_note("a")))
    assert await bodies(documents) == ["{}"]


async def test_a_transaction_that_is_cancelled_keeps_nothing(replicas: tuple[Documents, Documents]) -> None:
    """Others write on at once."""
    one, other = replicas
    begun = asyncio.Event()

    async def work(operations: Operations) -> None:
        await operations.insert(NOTES, a_note("a", "cancelled"))
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(one.transaction(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bodies(other) == []
    assert await other.insert(NOTES, a_note("a", "kept"))
    assert await bodies(one) == ["kept"]


async def test_duplicates_do_not_end_a_transaction(documents: Documents) -> None:
    """They are told as outside of one, and what else it does is kept."""
    await documents.insert(NOTES, a_note("a", slot="one"))

    async def work(operations: Operations) -> None:
        assert not await operations.insert(NOTES, a_note("a"))
        assert not await operations.insert(NOTES, a_note("b", slot="one"))
        assert await operations.insert(NOTES, a_note("b", slot="two"))
        with pytest.raises(ConflictError):
            await operations.replace(NOTES, a_note("b", "2", 1, slot="one"))
        with pytest.raises(ConflictError):
            await operations.update(NOTES, "c", lambda _: a_note("c", slot="two"))
        assert await operations.insert(NOTES, a_note("c", "3"))

    await documents.transaction(work)
    assert await bodies(documents) == ["{}", "{}", "3"]


async def test_transactions_that_meet_follow_one_another(replicas: tuple[Documents, Documents]) -> None:
    """Units go from one document to another by many at once, none is made or lost, and no key is inserted twice."""
    one, other = replicas
    await one.put_all(TALLIES, [Document("from", "12"), Document("to", "0")])

    async def moved(operations: Operations) -> bool:
        pair = {found.key: int(found.body) for found in await operations.get_all(TALLIES, ["from", "to"])}
        await operations.update(TALLIES, "from", lambda _: Document("from", str(pair["from"] - 1)))
        await operations.update(TALLIES, "to", lambda _: Document("to", str(pair["to"] + 1)))
        return await operations.insert(NOTES, a_note("first", slot="first"))

    inserted = await asyncio.gather(*((one if turn % 2 else other).transaction(moved) for turn in range(12)))
    assert sum(inserted) == 1
    pair = {found.key: int(found.body) for found in await one.get_all(TALLIES, ["from", "to"])}
    assert pair == {"from": 0, "to": 12}


async def test_single_operations_beside_a_transaction_lose_nothing(replicas: tuple[Documents, Documents]) -> None:
    """An update at the same time comes before or after the transaction, and both count."""
    one, other = replicas

    def counted(before: Document | None) -> Document:
        return Document("sum", str(int(before.body) + 1 if before else 1))

    async def work(operations: Operations) -> None:
        await operations.get(TALLIES, "sum")
        await operations.update(TALLIES, "sum", counted)

    await asyncio.gather(
        *(one.transaction(work) for _ in range(5)), *(other.update(TALLIES, "sum", counted) for _ in range(5))
    )
    found = await one.get(TALLIES, "sum")
    assert found is not None
    assert found.body == "10"
