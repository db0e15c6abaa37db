"""Sending of approved replies to a local platform."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.replies.claims import SendClaim
from services.ingest.replies.reply import Reply, reject
from services.ingest.replies.reply_sender import CALL_SECONDS, CLAIM_SECONDS, POLL_SECONDS
from services.ingest.sources.reply_writer import NotSent, Sent, Unknown
from shared.errors import ConflictError, PeerUnavailableError
from tests.unit.ingest.replies.conftest import World, seen
from tests.unit.ingest.replies.local_server import Told
from tests.unit.ingest.virtual_clock import START

YEAR = timedelta(days=365)


async def test_nothing_is_sent_before_a_person_approves(world: World) -> None:
    """A draft stays; once approved it goes out, with the raw id, and is sent once however often one looks."""
    replies = await world.drafted()
    await world.turn(replies)
    assert world.platform.got == []
    await replies.approvals.approve((await world.the_one()).id)
    for _ in range(3):
        await world.turn(replies)
    ((_, body, _),) = world.platform.got
    assert body["in_reply_to"] == "post-1"
    assert (await world.the_one()).state == "sent"


async def test_an_automatic_rule_needs_no_approval(world: World) -> None:
    """What it drafts is approved from the beginning, and says that no person did it."""
    replies = await world.drafted(approval="automatic")
    await world.turn(replies)
    assert ((await world.the_one()).state, (await world.the_one()).automatic) == ("sent", True)


async def test_another_text_is_sent_where_a_person_writes_one(world: World) -> None:
    """The new words go out; the old ones are forgotten."""
    replies = await world.drafted()
    draft = await world.the_one()
    approved = await replies.approvals.approve(draft.id, "Dear customer, we call you.")
    await world.turn(replies)
    assert world.platform.texts == ["Dear customer, we call you."]
    ((row, _),) = await world.vault.page("reply")
    assert row == approved.content != draft.content


async def test_the_same_words_keep_their_content(world: World) -> None:
    """Approved as it is, a reply keeps its content."""
    replies = await world.drafted()
    draft = await world.the_one()
    await replies.approvals.approve(draft.id)
    assert [row for row, _ in await world.vault.page("reply")] == [draft.content]


async def test_words_that_came_too_late_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a reply is changed at the same moment, the content of the new words goes, the old one stays."""
    queue = (await world.drafted()).approvals
    draft = await world.the_one()
    keep = queue.contents.keep

    async def meanwhile(*given: object) -> str:
        row = await keep(*given)  # type: ignore[arg-type]
        await world.store.swap(draft, reject(draft, world.clock.now()))
        return row

    monkeypatch.setattr(queue.contents, "keep", meanwhile)
    with pytest.raises(ConflictError, match="at the same moment"):
        await queue.approve(draft.id, "we are so sorry")
    assert [row for row, _ in await world.vault.page("reply")] == [draft.content]


async def test_two_senders_send_once(world: World) -> None:
    """Five replicas that look at the same moment call the platform once."""
    replies = await world.drafted(approval="automatic")
    replicas = [world.replies() for _ in range(5)]
    await asyncio.gather(*[world.turn(replica) for replica in (*replicas, replies)])
    assert len(world.platform.got) == 1


async def test_every_attempt_goes_out_under_one_key(world: World) -> None:
    """So that a platform which knows keys publishes one reply, however often it is approved."""
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(status=429), Told(drop=True)]
    await world.turn(replies)
    await world.clock.advance(60)
    await world.turn(replies)
    await replies.approvals.approve((await world.the_one()).id, although_unknown=True)
    await world.turn(replies)
    assert (await world.the_one()).state == "sent"
    told = [(body["key"], body["drafted_at"]) for _, body, _ in world.platform.got]
    assert told == [((await world.the_one()).id, (await world.the_one()).created_at.isoformat())] * 3


async def test_a_post_that_its_platform_no_longer_has_closes_its_reply(world: World) -> None:
    """Nothing of the post stays: its author, or the network, has taken it away."""
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(status=410)]
    await world.turn(replies)
    assert ((await world.the_one()).state, (await world.the_one()).known) == ("rejected", "not sent: the post is gone")
    assert await world.vault.page("reply") == []


@pytest.mark.parametrize(("told", "state"), [(Told(status=400), "refused"), (Told(drop=True), "unknown")])
async def test_what_the_platform_says_is_kept(world: World, told: Told, state: str) -> None:
    """A refusal may be approved again; a lost answer waits for a person, and nothing goes out by itself."""
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [told]
    for _ in range(3):
        await world.turn(replies)
        await world.clock.advance(3600)
    assert (await world.the_one()).state == state
    assert len(world.platform.got) == 1
    if state == "unknown":
        with pytest.raises(ConflictError, match="look on the platform"):
            await replies.approvals.approve((await world.the_one()).id)
    await replies.approvals.approve((await world.the_one()).id, although_unknown=state == "unknown")
    await world.turn(replies)
    assert ((await world.the_one()).state, len(world.platform.got)) == ("sent", 2)


async def test_what_was_surely_not_sent_is_tried_again_later(world: World) -> None:
    """A rate limit puts the reply off for a minute."""
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(status=429)]
    await world.turn(replies)
    await world.turn(replies)
    assert ((await world.the_one()).state, len(world.platform.got)) == ("approved", 1)
    await world.clock.advance(60)
    await world.turn(replies)
    assert ((await world.the_one()).state, len(world.platform.got)) == ("sent", 2)


async def test_no_author_is_answered_twice_in_the_set_time(world: World) -> None:
    """Two approved replies to one author: the first goes, the second says why not, and may be approved after."""
    replies = await world.drafted(seen(1), seen(2), approval="automatic")
    one, other = await world.listed()
    await world.store.swap(other, other.model_copy(update={"author": one.author, "version": 2}))
    await world.turn(replies)
    # The author's column is not changed by a swap: the claim is made for what the reply itself says.
    states = sorted((reply.state, reply.known) for reply in await world.listed())
    assert states == [("refused", "the author was answered less than 30 days ago"), ("sent", "published")]


async def test_an_author_who_may_have_been_answered_stays_claimed(world: World) -> None:
    """An unknown reply that is rejected, even after another approval, does not free its author or the day."""
    world.settings = {"replies_daily_cap": 1}
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(drop=True)]
    await world.turn(replies)
    unknown = await world.the_one()
    await replies.approvals.approve(unknown.id, although_unknown=True)
    await replies.approvals.reject(unknown.id)
    now, other = world.clock.now(), SendClaim("another", 1)
    assert not await world.store.take_author(unknown.author, other, now, now)
    assert not await world.store.take_day(now.date().isoformat(), other, 1)


async def test_a_day_has_a_cap(world: World) -> None:
    """Past it replies wait for the next day; a refused one gives its place back."""
    world.settings = {"replies_daily_cap": 2}
    replies = await world.drafted(seen(1), seen(2), seen(3), seen(4), approval="automatic")
    world.platform.answers = [Told(status=400)]
    await world.turn(replies)
    states = [reply.state for reply in await world.listed()]
    assert sorted(states) == ["approved", "refused", "sent", "sent"]
    (waiting,) = await world.listed("approved")
    assert waiting.known == "the day's 2 replies are sent; it waits for the next day"
    await world.clock.advance(timedelta(hours=12).total_seconds())
    await world.turn(replies)
    assert len(await world.listed("sent")) == 3


async def test_quiet_hours_are_kept(world: World) -> None:
    """Nothing goes out before they end; losing and expiring go on."""
    world.settings = {"replies_quiet_hours": "11:00-14:00"}
    replies = await world.drafted(approval="automatic")
    await world.turn(replies)
    assert world.platform.got == []
    await world.clock.advance(timedelta(hours=2).total_seconds())
    await world.turn(replies)
    assert len(world.platform.got) == 1


async def test_an_opted_out_author_is_not_answered_though_approved(world: World) -> None:
    """The wish may come between approval and sending."""
    replies = await world.drafted(approval="automatic")
    await world.store.opt_out([(await world.the_one()).author], world.clock.now())
    await world.turn(replies)
    assert ((await world.the_one()).state, world.platform.got) == ("rejected", [])


async def test_a_draft_expires_with_its_raw_id(world: World) -> None:
    """After its days it cannot be approved, and the vault has nothing of it."""
    replies = await world.drafted()
    await world.clock.advance(timedelta(days=7).total_seconds())
    await world.turn(replies)
    assert (await world.the_one()).state == "expired"
    assert await world.vault.page("reply") == []
    with pytest.raises(ConflictError, match="expired"):
        await replies.approvals.approve((await world.the_one()).id)


async def test_a_platform_without_an_account_is_told(world: World) -> None:
    """The reply says that no account is set up."""
    replies = await world.drafted(approval="automatic", platforms=["x", "mastodon"])
    await world.observe(replies, seen(2, platform="mastodon"))
    await world.turn(replies)
    assert [reply.known for reply in await world.listed("refused")] == ["no account is set up to reply on mastodon"]


async def test_a_platform_that_hangs_leaves_the_outcome_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline of a call the outcome is unknown: a person decides."""
    monkeypatch.setattr("services.ingest.replies.reply_sender.CALL_SECONDS", 0.0)
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(hang=True)]
    await world.turn(replies)
    assert (await world.the_one()).state == "unknown"
    assert "did not answer" in (await world.the_one()).known
    assert CALL_SECONDS * 2 < CLAIM_SECONDS


async def test_a_shutdown_waits_for_the_call_that_is_on(world: World) -> None:
    """Cancelled while the platform works, the sender records what it answers, and then ends."""
    replies = await world.drafted(approval="automatic")
    world.platform.answers = [Told(hang=True)]
    running = asyncio.create_task(replies.run())
    await world.clock.until(world.platform.arrived.is_set)
    running.cancel()
    await asyncio.sleep(0)
    running.cancel()
    assert not running.done()
    world.platform.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await world.the_one()).state == "sent"


async def test_an_outcome_is_kept_once_the_store_is_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away for a few seconds after the call does not make a sent reply unknown."""
    replies = await world.drafted(approval="automatic")
    find, failures = world.store.find, [1, 1, 1]

    async def shaky(reply_id: str) -> Reply:
        if failures:
            failures.pop()
            raise PeerUnavailableError("mongodb", "the store does not answer; send it again")
        return await find(reply_id)

    monkeypatch.setattr(world.store, "find", shaky)
    running = asyncio.create_task(replies.run())
    await world.clock.until(lambda: world.clock.slept[:4] == [0.5, 1.0, 2.0, POLL_SECONDS], step=0.5)
    running.cancel()
    assert (await world.the_one()).state == "sent"


async def test_the_sender_outlives_its_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store is away nothing is sent; when it is back, sending goes on."""
    replies = await world.drafted(approval="automatic")
    due, failures = world.store.due, [1, 1]

    async def shaky(*arguments: Any) -> list[Reply]:
        if failures:
            failures.pop()
            raise PeerUnavailableError("mongodb", "the store does not answer; send it again")
        return await due(*arguments)

    monkeypatch.setattr(world.store, "due", shaky)
    running = asyncio.create_task(replies.run())
    await world.clock.until(lambda: bool(world.platform.got), step=1)
    running.cancel()
    assert failures == []


async def test_an_adapter_that_fails_leaves_the_outcome_unknown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any error the request may have gone out; the sentence names the kind of error and nothing else."""
    replies = await world.drafted(approval="automatic")

    async def broken(*_: object, **__: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(world.http, "post", broken)
    await world.turn(replies)
    assert (await world.the_one()).known == "sent, outcome unknown: the adapter failed (KeyError)"


def test_outcomes_show_no_ids() -> None:
    """The repr of a sent reply holds no raw id."""
    assert "12345" not in repr(Sent("12345"))
    assert "'why'" in repr(NotSent("why"))
    assert repr(Unknown("why")) == "Unknown(sentence='why')"


async def test_what_a_wrong_clock_put_off_is_sent(world: World) -> None:
    """A reply that is due in a year, by a clock that was a year ahead, goes out once the clock is right."""
    world.clock.set_ahead(YEAR)
    replies = await world.drafted(seen(created_at=(START + YEAR).isoformat()), approval="automatic")
    world.clock.set_ahead(-YEAR)
    await world.turn(replies)
    assert (await world.the_one()).state == "sent"


async def test_a_draft_of_a_wrong_clock_expires_in_its_time(world: World) -> None:
    """And stays for a person until then."""
    world.clock.set_ahead(YEAR)
    replies = await world.drafted(seen(created_at=(START + YEAR).isoformat()))
    world.clock.set_ahead(-YEAR)
    await world.turn(replies)
    assert (await world.the_one()).state == "draft"
    await world.clock.advance(timedelta(days=7).total_seconds())
    await world.turn(replies)
    assert (await world.the_one()).state == "expired"


async def test_a_claim_of_a_wrong_clock_goes_to_a_person(world: World) -> None:
    """Not at once, since the call may just be made, but as soon as a claim of now would."""
    replies = await world.drafted(approval="automatic")
    before = await world.the_one()
    sending = {"state": "sending", "sending_until": world.clock.now() + YEAR, "version": before.version + 1}
    assert await world.store.swap(before, before.model_copy(update=sending | {"attempt": 1}))
    await world.turn(replies)
    assert (await world.the_one()).state == "sending"
    await world.clock.advance(CLAIM_SECONDS)
    await world.turn(replies)
    assert (await world.the_one()).state == "unknown"
