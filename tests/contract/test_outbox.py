"""The contract of the outbox, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.documents.backend import open_documents
from shared.documents.base import Operations
from shared.outbox import FULL, Outbox, OutboxRow, OutboxState, Outcome, outbox_of
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OUTBOX = outbox_of("deliveries")


@pytest.fixture
async def outboxes(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[list[Outbox]]:
    """Yield one empty outbox, as each of two replicas has it."""
    async with open_documents(store_url, (OUTBOX,)) as one, open_documents(store_url, (OUTBOX,)) as other:
        yield [Outbox(one, OUTBOX), Outbox(other, OUTBOX)]


def a_row(number: int = 1, subject: str = "ticket") -> OutboxRow:
    """Return a delivery."""
    return OutboxRow(id=f"row-{number}", subject=subject, destination="desk", body={"text": "é"})


async def test_a_delivery_is_kept_once(outboxes: list[Outbox]) -> None:
    """Added again it stays as it is, whatever came of it."""
    one, other = outboxes
    await one.add([a_row(1), a_row(2)], NOW)
    taken = await one.take("me", NOW, NOW + MINUTE)
    assert taken is not None
    assert await one.settle(taken[0], Outcome("delivered", "answered 200"))
    await other.add([a_row(1)], NOW)
    found = await other.of_subjects(["ticket", "another"])
    assert found == [
        a_row(1).model_copy(update={"state": "delivered", "attempts": 1, "known": "answered 200"}),
        a_row(2),
    ]


async def test_no_delivery_is_taken_by_two(outboxes: list[Outbox]) -> None:
    """Those due longest go first, each for one attempt more."""
    await outboxes[0].add([a_row(1)], NOW)
    await outboxes[0].add([a_row(2)], NOW - MINUTE)
    first = await outboxes[1].take("me", NOW, NOW + MINUTE)
    assert first is not None
    assert (first[1].id, first[1].attempts) == ("row-2", 1)
    taken = await asyncio.gather(*(outboxes[n % 2].take(f"{n}", NOW, NOW + MINUTE) for n in range(6)))
    assert [one[1].id for one in taken if one is not None] == ["row-1"]


async def test_a_delivery_is_due_again_when_it_says_or_when_its_lease_is_over(outboxes: list[Outbox]) -> None:
    """What a lost attempt came to is not kept."""
    one, other = outboxes
    await one.add([a_row(1)], NOW)
    lost = await one.take("one", NOW, NOW + MINUTE)
    assert lost is not None
    assert await other.take("other", NOW + MINUTE / 2, NOW + 9 * MINUTE) is None
    again = await other.take("other", NOW + MINUTE, NOW + 2 * MINUTE)
    assert again is not None
    assert again[1].attempts == 2
    assert not await one.settle(lost[0], Outcome("failed", "too late"))
    assert await other.settle(again[0], Outcome("waiting", "answered 503", NOW + 5 * MINUTE))
    assert await one.take("one", NOW + 4 * MINUTE, NOW + 9 * MINUTE) is None
    third = await one.take("one", NOW + 5 * MINUTE, NOW + 9 * MINUTE)
    assert third is not None
    assert (third[1].attempts, third[1].known) == (3, "answered 503")


@pytest.mark.parametrize("state", ["delivered", "failed", "unknown"])
async def test_what_has_ended_is_never_due(outboxes: list[Outbox], state: OutboxState) -> None:
    """Whatever came of it stays to be seen."""
    one, other = outboxes
    await one.add([a_row(1)], NOW)
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None
    assert await one.settle(taken[0], Outcome(state, "so"))
    assert await other.take("other", NOW + 99 * MINUTE, NOW + 100 * MINUTE) is None
    assert [(row.state, row.known) for row in await other.of_subjects(["ticket"])] == [(state, "so")]


async def test_a_full_outbox_keeps_what_comes_as_failed(outboxes: list[Outbox]) -> None:
    """With a sentence; what is under way counts as waiting."""
    one, other = outboxes
    await one.add([a_row(1)], NOW, most_waiting=2)
    await one.take("me", NOW, NOW + MINUTE)
    await other.add([a_row(2), a_row(3)], NOW, most_waiting=2)
    await other.add([a_row(4)], NOW, most_waiting=2)
    found = {row.id: (row.state, row.known) for row in await one.of_subjects(["ticket"])}
    assert [found[f"row-{n}"] for n in (1, 2, 3, 4)] == [("waiting", "")] * 2 + [("failed", FULL)] * 2


async def test_deliveries_go_with_their_subject(outboxes: list[Outbox]) -> None:
    """Also those that are under way."""
    one, other = outboxes
    await one.add([a_row(1), a_row(2), a_row(3, "another")], NOW)
    taken = await one.take("me", NOW, NOW + MINUTE)
    assert taken is not None
    await other.delete_subjects(["ticket", "third"])
    assert not await one.settle(taken[0], Outcome("delivered", ""))
    assert [row.id for row in await one.of_subjects(["ticket", "another"])] == ["row-3"]


async def test_deliveries_are_added_within_a_transaction(store_url: SqliteUrl | MongoUrl) -> None:
    """They are kept where the transaction is."""
    async with open_documents(store_url, (OUTBOX,)) as documents:

        async def work(operations: Operations) -> None:
            await Outbox(operations, OUTBOX).add([a_row(1)], NOW, most_waiting=10)
            assert await Outbox(documents, OUTBOX).of_subjects(["ticket"]) == []

        await documents.transaction(work)
        assert await Outbox(documents, OUTBOX).of_subjects(["ticket"]) == [a_row(1)]
