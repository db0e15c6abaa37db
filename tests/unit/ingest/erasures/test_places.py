"""What ingest keeps of authors, and that nothing of it stays."""

import asyncio

from services.ingest.compliance import RecentPosts
from services.ingest.erasures.eraser import AuthorData
from services.ingest.erasures.erasure import ErasedHere
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import author_key as reply_author_key
from tests.unit.ingest.replies.conftest import KEY, World, seen
from tests.unit.ingest.replies.local_server import Told
from tests.unit.ingest.replies.replies import a_rule

PSEUDONYMIZER = Pseudonymizer(KEY.encode())
AUTHOR_KEY = PSEUDONYMIZER.author_key("x", "author-1")
REPLY_AUTHOR = reply_author_key(PSEUDONYMIZER, "x", "author-1")


def places(world: World) -> AuthorData:
    """Return the places of a world."""
    return AuthorData(world.store, world.vault, world.clock)


async def test_drafts_tickets_and_raw_ids_go(with_zendesk: World) -> None:
    """Every byte that told of the author is gone from the files; another author's stay; what desks got is told."""
    world = with_zendesk
    await world.store.put_rule(a_rule())
    replies = world.replies()
    await world.observe(replies, seen(1), seen(2))
    recent = RecentPosts(world.vault, PSEUDONYMIZER)
    for author_id, post_id in (("0", "1"), ("1", "2")):
        await recent.remember("aerolume", [{"platform": "x", "post_id": post_id, "author": {"id": author_id}}])
    assert replies.ticket_sender is not None
    while await replies.ticket_sender.turn():
        pass
    mine, yours = sorted(await world.listed(), key=lambda reply: reply.author != REPLY_AUTHOR)
    letter = await replies.approvals.contents.find(mine.content)
    assert letter is not None
    numeric = PSEUDONYMIZER.author_key("x", "0")
    here = await places(world).forget(numeric, REPLY_AUTHOR)
    assert here == ErasedHere(drafts=1, tickets=1, vault_rows=2, recent_posts=1, tickets_at_desks={"zendesk": 1})
    assert await world.listed() == [yours]
    assert [post.author_id for post in await recent.page()] == ["1"]
    assert len(await world.store.tickets(None, None, 9)) == 1
    await world.documents.scrub()
    written = world.written()
    gone = [mine.id, mine.content, letter.ticket, numeric, PSEUDONYMIZER.post_key("x", "1")]
    assert [trace for trace in gone if trace.encode() in written] == []
    assert written.count(REPLY_AUTHOR.encode()) == 2, "an opt-out is remembered, in its row and in its index"
    assert await places(world).forget(numeric, REPLY_AUTHOR) == ErasedHere()


async def test_nobody_answers_an_erased_author(world: World) -> None:
    """Not even a delivery that looked up the erased before: what they post gets no draft."""
    await world.store.put_rule(a_rule())
    await places(world).forget(AUTHOR_KEY, REPLY_AUTHOR)
    await world.observe(world.replies(), seen(1), seen(2))
    assert [reply.author != REPLY_AUTHOR for reply in await world.listed()] == [True]


async def test_a_published_reply_is_told_of(world: World) -> None:
    """It stands on the platform, where only the company can remove it; here nothing of it stays."""
    await world.store.put_rule(a_rule(approval="automatic"))
    replies = world.replies()
    await world.observe(replies, seen(1))
    await world.turn(replies)
    assert [reply.state for reply in await world.listed()] == ["sent"]
    here = await places(world).forget(AUTHOR_KEY, REPLY_AUTHOR)
    assert (here.drafts, here.replies_on_platforms) == (1, {"x": 1})
    assert await world.listed() == []


async def test_a_reply_that_is_being_sent_goes_once_its_outcome_is_known(world: World) -> None:
    """Until then the erasure knows that something is under way."""
    await world.store.put_rule(a_rule(approval="automatic"))
    replies = world.replies()
    await world.observe(replies, seen(1))
    world.platform.answers.append(Told(hang=True))
    sending = asyncio.create_task(world.turn(replies))
    await world.platform.arrived.wait()
    assert (await places(world).forget(AUTHOR_KEY, REPLY_AUTHOR)).drafts == 0
    assert await places(world).under_way(REPLY_AUTHOR)
    world.platform.go_on.set()
    await sending
    here = await places(world).forget(AUTHOR_KEY, REPLY_AUTHOR)
    assert (here.drafts, here.replies_on_platforms) == (1, {"x": 1})
    assert not await places(world).under_way(REPLY_AUTHOR)
