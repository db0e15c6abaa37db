"""The contract of `ReplyStore` about forgetting an author, the same for every store."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.ingest.replies.claims import GONE_DAYS, SendClaim
from services.ingest.replies.reply import approve, claim
from services.ingest.replies.store import REPLY_COLLECTIONS, ReplyStore
from shared.documents.backend import open_documents
from shared.outbox import Outcome
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.ingest.replies.replies import NOW, a_reply, a_ticket

HOUR = timedelta(hours=1)
MINE = "a" * 32
YOURS = "b" * 32


@pytest.fixture
async def store(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[ReplyStore]:
    """Yield an empty store."""
    async with open_documents(store_url, REPLY_COLLECTIONS) as documents:
        yield ReplyStore(documents)


async def test_an_authors_replies_go_in_whatever_state(store: ReplyStore) -> None:
    """They are returned as they were; other authors' stay, and forgetting again finds nothing."""
    gone = [a_reply(1, author=MINE), a_reply(2, author=MINE, state="sent", sent_key="f" * 32)]
    for reply in (*gone, a_reply(3, author=YOURS)):
        await store.add(reply)
    assert sorted(await store.forget_author(MINE, NOW), key=lambda reply: reply.id) == gone
    assert [reply.id for reply in await store.page(None, None, None, 9)] == [a_reply(3).id]
    assert await store.published(["f" * 32]) == set()
    assert await store.forget_author(MINE, NOW) == []


async def test_what_a_reply_holds_goes_with_it(store: ReplyStore) -> None:
    """The author may be claimed anew, a day keeps its count, and wanting no replies is not forgotten."""
    for number, author in ((1, MINE), (2, YOURS)):
        reply = a_reply(number, author=author)
        await store.add(reply)
        assert await store.take_author(author, SendClaim(reply.id, 1), NOW, NOW + HOUR)
        assert await store.take_day("2026-03-02", SendClaim(reply.id, 1), 2)
    await store.opt_out([MINE], NOW)
    await store.forget_author(MINE, NOW)
    assert await store.take_author(MINE, SendClaim("9" * 32, 1), NOW, NOW + HOUR)
    assert not await store.take_author(YOURS, SendClaim("9" * 32, 1), NOW, NOW + HOUR)
    assert not await store.take_day("2026-03-02", SendClaim(a_reply(1).id, 2), 2)
    assert await store.take_day("2026-03-02", SendClaim(a_reply(2).id, 2), 2)
    assert await store.opted_out([MINE, YOURS]) == {MINE}


async def test_an_author_who_is_held_without_a_reply_is_let_go(store: ReplyStore) -> None:
    """A claim that a crash left behind of a reply that is not there any more."""
    await store.take_author(MINE, SendClaim("1" * 32, 1), NOW, NOW + HOUR)
    assert await store.forget_author(MINE, NOW) == []
    assert await store.take_author(MINE, SendClaim("2" * 32, 1), NOW, NOW + HOUR)


async def test_a_reply_that_is_being_sent_stays_until_its_claim_ends(store: ReplyStore) -> None:
    """With the author held; once its time is over it goes."""
    await store.add(a_reply(1, author=MINE))
    approved = approve(await store.find(a_reply(1).id), NOW, "content-1")
    sending = claim(approved, NOW, "replica", NOW + HOUR)
    assert sending is not None
    assert await store.swap(await store.find(approved.id), sending)
    await store.take_author(MINE, SendClaim(sending.id, 1), NOW, NOW + 9 * HOUR)
    assert await store.forget_author(MINE, NOW) == []
    assert [reply.state for reply in await store.of_authors([MINE], NOW - HOUR)] == ["sending"]
    assert not await store.take_author(MINE, SendClaim("9" * 32, 1), NOW, NOW + HOUR)
    assert [reply.id for reply in await store.forget_author(MINE, NOW + HOUR)] == [sending.id]
    assert await store.take_author(MINE, SendClaim("9" * 32, 1), NOW, NOW + HOUR)


async def test_tickets_go_with_their_deliveries(store: ReplyStore) -> None:
    """Those that are named alone; what a sender then settles of them changes nothing."""
    for number in (1, 2):
        await store.add_ticket(a_ticket(number), ["slack"], NOW, 100)
    leased = await store.outbox.take("replica", NOW, NOW + HOUR)
    assert leased is not None
    lease, row = leased
    assert await store.forget_tickets([row.subject, "VP-unknown"]) == 1
    assert await store.forget_tickets([row.subject]) == 0
    assert await store.forget_tickets([]) == 0
    assert await store.deliveries([row.subject]) == []
    assert not await store.outbox.settle(lease, Outcome("delivered", "answered 200"))
    assert len(await store.tickets(None, None, 9)) == 1


async def test_what_is_gone_is_known_with_its_latest_moment(store: ReplyStore) -> None:
    """Noted twice, in any order, a key is gone up to the later moment; other keys are not."""
    later = NOW + timedelta(hours=1)
    await store.note_gone(["me", "you"], NOW)
    await store.note_gone(["me"], later)
    await store.note_gone(["me"], NOW)
    await store.note_gone([], NOW)
    assert await store.gone(["me", "you", "them"]) == {"me": later, "you": NOW}
    assert await store.gone([]) == {}


async def test_marks_go_when_no_post_can_be_answered_any_more(store: ReplyStore) -> None:
    """A later note drops those that are a month older, and no younger one."""
    await store.note_gone(["old"], NOW)
    await store.note_gone(["new"], NOW + timedelta(days=GONE_DAYS))
    assert set(await store.gone(["old", "new"])) == {"old", "new"}
    await store.note_gone([], NOW + timedelta(days=GONE_DAYS, seconds=1))
    assert set(await store.gone(["old", "new"])) == {"new"}
