"""The contract of `ReplyStore`, the same for every store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.ingest.replies.claims import SendClaim
from services.ingest.replies.reply import Reply, ReplyState, approve
from services.ingest.replies.store import REPLY_COLLECTIONS, ReplyStore
from services.ingest.replies.ticket_store import TimePosition
from shared.clock import milliseconds
from shared.documents.backend import open_documents
from shared.errors import NotFoundError
from shared.outbox import FULL
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.ingest.replies.replies import NOW, a_reply, a_rule, a_ticket

SECOND = timedelta(seconds=1)


@pytest.fixture
async def store(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[ReplyStore]:
    """Yield an empty store."""
    async with open_documents(store_url, REPLY_COLLECTIONS) as documents:
        yield ReplyStore(documents)


@pytest.fixture
async def other(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[ReplyStore]:
    """Yield the same store, opened as another process would."""
    async with open_documents(store_url, REPLY_COLLECTIONS) as documents:
        yield ReplyStore(documents)


async def test_rules_come_back_by_name(store: ReplyStore, other: ReplyStore) -> None:
    """A rule that was put is there for every replica, in place of what its name had, until it is deleted."""
    await store.put_rule(a_rule("zebra"))
    await store.put_rule(a_rule("ant", languages=("en", "de")))
    await store.put_rule(a_rule("zebra", sentiment_below=0.1))
    assert await other.rules() == [a_rule("ant", languages=("en", "de")), a_rule("zebra", sentiment_below=0.1)]
    assert await other.delete_rule("zebra")
    assert not await store.delete_rule("zebra")
    assert [rule.name for rule in await store.rules()] == ["ant"]


async def test_a_post_gets_one_reply(store: ReplyStore, other: ReplyStore) -> None:
    """Of many adds of one id at once, by two replicas, one is kept; later ones change nothing."""
    adds = [store.add(a_reply(rule=f"rule-{turn}")) for turn in range(4)]
    adds += [other.add(a_reply(rule=f"other-{turn}")) for turn in range(4)]
    assert sum(await asyncio.gather(*adds)) == 1
    kept = await store.find(a_reply().id)
    assert not await store.add(a_reply(rule="late"))
    assert await other.find(a_reply().id) == kept


async def test_a_reply_comes_back_as_it_was(store: ReplyStore) -> None:
    """Every field is kept, microseconds too; an id that is not there is not found."""
    reply = a_reply(score=0.25, category="late flight ✈", automatic=True, due_at=NOW + timedelta(microseconds=7))
    await store.add(reply)
    assert await store.find(reply.id) == reply
    assert await store.known([reply.id, "f" * 32]) == {reply.id}
    assert await store.known([]) == set()
    assert await store.find_all([reply.id, "f" * 32]) == [reply]
    with pytest.raises(NotFoundError, match="no reply"):
        await store.find("f" * 32)


async def test_of_swaps_from_one_version_one_succeeds(store: ReplyStore, other: ReplyStore) -> None:
    """Two replicas that change the same reply at once: one does, and what it wrote is what stays."""
    await store.add(a_reply())
    before = await store.find(a_reply().id)
    after = [approve(before, NOW, f"content-{turn}") for turn in range(8)]
    swapped = await asyncio.gather(
        *[(store if turn % 2 else other).swap(before, reply) for turn, reply in enumerate(after)]
    )
    assert sum(swapped) == 1
    assert await store.find(before.id) == after[swapped.index(True)]
    assert not await other.swap(before, after[0])


async def test_pages_meet_every_reply_once(store: ReplyStore) -> None:
    """Pages go in order of creation, ties by id, with and without a state and a brand."""
    replies = [
        a_reply(number, brand=f"brand-{number % 2}", created_at=NOW + number // 3 * SECOND) for number in range(9)
    ]
    for reply in reversed(replies):
        await store.add(reply if reply.id != replies[4].id else reply.model_copy(update={"state": "sent"}))
    assert [reply.id for reply in await _walk(store, None, None)] == [reply.id for reply in replies]
    drafts = await _walk(store, "draft", "brand-0")
    assert [reply.id for reply in drafts] == [replies[number].id for number in (0, 2, 6, 8)]


async def _walk(store: ReplyStore, state: ReplyState | None, brand: str | None) -> list[Reply]:
    met: list[Reply] = []
    after: TimePosition | None = None
    while page := await store.page(state, brand, after, 2):
        met += page
        after = (milliseconds(page[-1].created_at), page[-1].id)
    return met


async def test_what_is_due_overdue_and_stale_is_found(store: ReplyStore) -> None:
    """Approved replies are due from their moment on, sending ones overdue from theirs, waiting ones stale."""
    later = NOW + SECOND
    for reply in (
        a_reply(1, state="approved", due_at=later),
        a_reply(2, state="approved", due_at=NOW),
        a_reply(3, state="sending", sending_until=later),
        a_reply(4, state="draft", expires_at=later),
        a_reply(5, state="sent", expires_at=later),
    ):
        await store.add(reply)
    assert [reply.id for reply in await store.due(NOW, 9)] == [a_reply(2).id]
    assert [reply.id for reply in await store.due(later, 9)] == [a_reply(2).id, a_reply(1).id]
    assert [reply.id for reply in await store.due(later, 1)] == [a_reply(2).id]
    assert (await store.overdue(NOW, 9), await store.stale(NOW, 9)) == ([], [])
    assert [reply.id for reply in await store.overdue(later, 9)] == [a_reply(3).id]
    assert [reply.id for reply in await store.stale(later, 9)] == [a_reply(4).id]


async def test_what_was_said_to_an_author_is_found(store: ReplyStore) -> None:
    """Replies to authors are found since a moment; posts of ours by their key, once they are sent."""
    await store.add(a_reply(1, author="me"))
    await store.add(a_reply(2, author="me"))
    await store.add(a_reply(3, author="you"))
    found = await store.of_authors(["me", "stranger"], a_reply(2).created_at)
    assert [reply.id for reply in found] == [a_reply(2).id]
    assert await store.published(["key"]) == set()
    before = await store.find(a_reply(1).id)
    await store.swap(before, before.model_copy(update={"state": "sent", "sent_key": "key", "version": 2}))
    assert await store.published(["key", "none"]) == {"key"}


async def test_an_author_is_held_by_one_reply(store: ReplyStore, other: ReplyStore) -> None:
    """Of replies that ask at once one holds the author; it may ask again, the others may once its time is over."""
    until = NOW + 10 * SECOND
    asks = [
        (store if turn % 2 else other).take_author("me", SendClaim(f"reply-{turn}", 1), NOW, until) for turn in range(8)
    ]
    held = await asyncio.gather(*asks)
    assert sum(held) == 1
    holder = f"reply-{held.index(True)}"
    assert await other.take_author("me", SendClaim(holder, 2), NOW, until)
    assert not await store.take_author("me", SendClaim("late", 1), until - SECOND, until + SECOND)
    assert await store.take_author("you", SendClaim("late", 1), NOW, until)
    assert await store.take_author("me", SendClaim("late", 1), until, until + SECOND)


async def test_one_reply_that_asks_twice_at_once_holds_its_author(store: ReplyStore, other: ReplyStore) -> None:
    """Two replicas that ask for the same reply both hear yes."""
    claim = SendClaim("reply", 1)
    asks = [(store if turn % 2 else other).take_author("me", claim, NOW, NOW + SECOND) for turn in range(6)]
    assert all(await asyncio.gather(*asks))


async def test_a_claim_lets_go_of_what_it_holds_itself(store: ReplyStore) -> None:
    """An earlier attempt's claim, or another reply's, frees neither an author nor a place in a day."""
    first, second = SendClaim("reply", 1), SendClaim("reply", 2)
    await store.take_author("me", second, NOW, NOW + SECOND)
    await store.take_day("2026-03-02", second, 1)
    for stranger in (first, SendClaim("other", 2)):
        await store.release_author("me", stranger)
        await store.release_day("2026-03-02", stranger)
    assert not await store.take_author("me", SendClaim("late", 1), NOW, NOW + SECOND)
    assert not await store.take_day("2026-03-02", SendClaim("late", 1), 1)
    await store.release_author("me", second)
    await store.release_day("2026-03-02", second)
    assert await store.take_author("me", SendClaim("late", 1), NOW, NOW + SECOND)
    assert await store.take_day("2026-03-02", SendClaim("late", 1), 1)


async def test_a_day_takes_no_more_than_its_cap(store: ReplyStore, other: ReplyStore) -> None:
    """Twelve replies at once, by two replicas, with a cap of three: three are counted, each once however often."""
    asks = [
        (store if turn % 2 else other).take_day("2026-03-02", SendClaim(f"reply-{turn // 2}", 1), 3)
        for turn in range(24)
    ]
    answers = await asyncio.gather(*asks)
    counted = {turn // 2 for turn, answer in enumerate(answers) if answer}
    assert len(counted) == 3
    assert all([await store.take_day("2026-03-02", SendClaim(f"reply-{turn}", 2), 3) for turn in counted])
    assert not await store.take_day("2026-03-02", SendClaim("late", 1), 3)
    assert await store.take_day("2026-03-03", SendClaim("late", 1), 3)
    assert not await store.take_day("2026-03-04", SendClaim("late", 1), 0)


async def test_days_of_a_week_ago_are_dropped(store: ReplyStore) -> None:
    """Only today's count is asked for: what was sent on which day is not kept for long."""
    for day in ("2026-03-02", "2026-03-03", "2026-03-09"):
        assert await store.take_day(day, SendClaim("reply", 1), 1)
    assert await store.take_day("2026-03-02", SendClaim("other", 1), 1)
    assert not await store.take_day("2026-03-03", SendClaim("other", 1), 1)


async def test_an_opt_out_stays(store: ReplyStore, other: ReplyStore) -> None:
    """An author who opted out, once or twice, is known to every replica."""
    await store.opt_out(["me", "you"], NOW)
    await store.opt_out(["me"], NOW + SECOND)
    await store.opt_out([], NOW)
    assert await other.opted_out(["me", "them"]) == {"me"}


async def test_a_ticket_is_opened_once(store: ReplyStore, other: ReplyStore) -> None:
    """Opened many times at once by two replicas, a ticket is there once, with one delivery a ticket system."""
    ticket = a_ticket()
    opens = [(store if turn % 2 else other).add_ticket(ticket, ["slack", "jira"], NOW, 100) for turn in range(6)]
    assert sum(await asyncio.gather(*opens)) == 1
    assert await store.tickets(None, None, 9) == [ticket]
    assert await store.ticket(ticket.id) == ticket
    assert await store.ticket("VP-none") is None
    assert [one.destination for one in await other.deliveries([ticket.id])] == ["jira", "slack"]


async def test_pages_of_tickets_meet_each_once(store: ReplyStore) -> None:
    """Tickets come in order of creation, of one brand where it is named."""
    tickets = [a_ticket(number, brand=f"brand-{number % 2}", created_at=NOW) for number in range(5)]
    for ticket in reversed(tickets):
        await store.add_ticket(ticket, [], NOW, 100)
    met, after = [], None
    while page := await store.tickets(None, after, 2):
        met += page
        after = (milliseconds(page[-1].created_at), page[-1].id)
    assert met == tickets
    assert await store.tickets("brand-1", None, 9) == [tickets[1], tickets[3]]


async def test_a_full_queue_says_so(store: ReplyStore) -> None:
    """Past the bound a ticket is kept and its delivery counts as failed, in words; those before wait on."""
    for number in range(3):
        await store.add_ticket(a_ticket(number), ["slack"], NOW, 2)
    kept = await store.deliveries([a_ticket(number).id for number in range(3)])
    assert [(one.state, one.known) for one in kept] == [("waiting", ""), ("waiting", ""), ("failed", FULL)]


async def test_an_author_whom_a_wrong_clock_claimed_is_free_in_time(store: ReplyStore, other: ReplyStore) -> None:
    """A claim that ends in a year counts from when it is met, for as long as claims last."""
    first, late, pause = SendClaim("reply", 1), SendClaim("late", 1), timedelta(days=7)
    year = timedelta(days=365)
    assert await store.take_author("me", first, NOW + year, NOW + year + pause)
    assert not await other.take_author("me", late, NOW, NOW + pause)
    assert not await store.take_author("me", late, NOW + pause - SECOND, NOW + 2 * pause)
    assert await store.take_author("me", late, NOW + pause, NOW + 2 * pause)


async def test_a_mark_of_a_wrong_clock_counts_up_to_now(store: ReplyStore) -> None:
    """What is noted later sets it back, so that authors are not silent for a year."""
    await store.note_gone(["me"], NOW + timedelta(days=365))
    await store.note_gone(["you"], NOW)
    assert await store.gone(["me", "you"]) == {"me": NOW, "you": NOW}
