"""From posts to drafts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.brands.brand import BrandSettings
from services.ingest.replies.reply import reject
from shared.errors import PeerUnavailableError
from tests.unit.ingest.replies.conftest import World, seen
from tests.unit.ingest.replies.replies import a_rule
from tests.unit.ingest.virtual_clock import START


async def test_a_complaint_gets_one_draft(world: World) -> None:
    """Looked at again and again, by two replicas, a post has one draft, with its ticket in the text."""
    await world.store.put_rule(a_rule())
    for replies in (world.replies(), world.replies()):
        await world.observe(replies, seen(), seen())
    (draft,) = await world.listed()
    content = await replies.approvals.contents.find(draft.content)
    assert content is not None
    assert (draft.state, draft.score, content.post_id) == ("draft", 0.1, "post-1")
    assert content.text == f"We are sorry. Your ticket is {content.ticket}."
    assert content.post_text == "@user you lost my bag"
    assert repr(content) == str(content) == "ReplyContent(...)"


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 0.5},
        {"is_repost": True},
        {"voice": "internal"},
        {"created_at": (START - timedelta(hours=25)).isoformat()},
        {"author": {"id": "1", "protected": True}},
        {"author": {"id": "4242"}},
    ],
)
async def test_posts_that_get_no_draft(world: World, changes: dict[str, Any]) -> None:
    """No content post, repost, voice of the brand, old post, protected or own account gets a draft."""
    await world.store.put_rule(a_rule())
    await world.brands.put("aerolume", BrandSettings.model_validate({"own_accounts": {"x": ["4242"]}}), START)
    await world.observe(world.replies(), seen(**changes))
    assert await world.listed() == []


async def test_another_brands_post_is_not_answered(world: World) -> None:
    """A rule is its brand's alone, and a brand without rules costs no look into the store."""
    await world.store.put_rule(a_rule())
    await world.observe(world.replies(), seen(), brand="other")
    assert await world.listed() == []


async def test_an_opt_out_is_heard_without_a_rule(world: World) -> None:
    """A draft waits, its rule is gone, and its author says stop: the draft is closed."""
    replies = await world.drafted(seen(1, author_id="me"))
    await world.store.delete_rule(a_rule().name)
    await world.clock.advance(60)
    await world.observe(replies, seen(2, author_id="me", text="@aerolume stop"))
    assert [reply.state for reply in await world.listed()] == ["rejected"]


async def test_the_account_that_answers_is_not_answered(world: World) -> None:
    """Whether or not it is declared as the brand's."""
    await world.store.put_rule(a_rule())
    replies = world.replies()
    ours = replace(replies.selector, own_accounts=frozenset({("x", "77")}))
    await ours.observe("aerolume", [seen(1, author_id="77")])
    assert await world.listed() == []


async def test_one_author_gets_one_draft(world: World) -> None:
    """Two complaints of one author, in one delivery or in two, make one draft until the pause is over."""
    await world.store.put_rule(a_rule())
    replies = world.replies(replies_author_days=2)
    await world.observe(replies, seen(1, author_id="me"), seen(2, author_id="me"), seen(3, author_id="you"))
    await world.observe(replies, seen(4, author_id="me"))
    assert len(await world.listed()) == 2
    await world.clock.advance(timedelta(days=2, seconds=1).total_seconds())
    await world.observe(replies, seen(5, author_id="me", created_at=world.clock.now().isoformat()))
    assert len(await world.listed()) == 3


async def test_a_rejected_draft_is_not_made_again(world: World) -> None:
    """The post stays without a reply, another one of its author may have one."""
    replies = await world.drafted(seen(1, author_id="me"))
    (draft,) = await world.listed()
    await world.store.swap(draft, reject(draft, START))
    await world.observe(replies, seen(1, author_id="me"), seen(2, author_id="me"))
    assert [reply.state for reply in await world.listed()].count("rejected") == 1
    assert len(await world.listed()) == 2


async def test_a_reply_of_ours_is_never_answered(world: World) -> None:
    """Known by its id once it is sent, and by its words while no outcome is recorded."""
    replies = await world.drafted(seen(1), approval="automatic")
    await world.turn(replies)
    (sent,) = await world.listed("sent")
    text = world.platform.texts[0]
    ours = seen(1, post_id="ours-1", author_id="us", text="so sorry", in_reply_to="post-1")
    await world.observe(replies, ours)
    await world.store.swap(sent, sent.model_copy(update={"state": "unknown", "sent_key": None, "version": 99}))
    await world.observe(replies, seen(1, post_id="ours-1", author_id="us", text=f"@them {text}", in_reply_to="post-1"))
    assert len(await world.listed()) == 1
    await world.observe(replies, seen(3, author_id="them", text="terrible indeed", in_reply_to="post-1"))
    assert len(await world.listed()) == 2


async def test_the_first_rule_that_fits_answers(world: World) -> None:
    """Order goes first, then the name; a disabled rule never does."""
    await world.store.put_rule(a_rule("b", order=1))
    await world.store.put_rule(a_rule("a", order=2))
    await world.drafted(seen(), name="c", order=0, enabled=False)
    assert [reply.rule for reply in await world.listed()] == ["b"]


async def test_categories_are_asked_for_where_a_rule_needs_them(world: World) -> None:
    """Only the texts that fit otherwise are asked about, without anything of the author; the best label decides."""
    await world.store.put_rule(a_rule("bags", categories=["luggage"], category_set="airline"))
    world.categories = {"bag": "luggage", "late": "delay"}
    await world.observe(world.replies(), seen(1), seen(2, text="@aerolume late again"), seen(3, score=0.9))
    (draft,) = await world.listed()
    assert (draft.rule, draft.category) == ("bags", "luggage")
    assert world.asked == [
        {
            "texts": ["@user you lost my bag", "@user late again"],
            "features": ["category"],
            "category_set": "airline",
        }
    ]


async def test_a_category_set_that_is_not_there_fits_no_rule(world: World) -> None:
    """Other rules go on; a sentiment service that is away lets the delivery be tried again."""
    await world.store.put_rule(a_rule("bags", order=1, categories=["luggage"]))
    await world.store.put_rule(a_rule("sorry", order=2))
    world.categories, world.category_status = {"bag": "luggage"}, 404
    await world.observe(world.replies(), seen(1))
    assert [reply.rule for reply in await world.listed()] == ["sorry"]


async def test_an_author_who_opts_out_gets_no_replies(world: World) -> None:
    """The draft that waits is withdrawn with its words, an approved one is not sent, later posts get none."""
    await world.store.put_rule(a_rule())
    replies = world.replies(replies_author_days=1)
    await world.observe(replies, seen(1, author_id="me"))
    await world.observe(replies, seen(2, author_id="me", text="@aerolume do not reply to me"))
    (draft,) = await world.listed()
    assert (draft.state, draft.known) == ("rejected", "rejected: the author wants no replies")
    assert await replies.approvals.contents.find(draft.content) is None
    await world.clock.advance(timedelta(days=400).total_seconds())
    await world.observe(replies, seen(3, author_id="me", created_at=world.clock.now().isoformat()))
    assert len(await world.listed()) == 1


async def test_a_dry_run_sends_nothing(with_zendesk: World) -> None:
    """By rule or by setting: the draft is shown as `dry_run`, is never due, and no ticket goes out."""
    await with_zendesk.drafted(seen(1), approval="automatic", dry_run=True)
    await with_zendesk.store.put_rule(a_rule(approval="automatic"))
    await with_zendesk.clock.advance(10)
    await with_zendesk.observe(with_zendesk.replies(replies_dry_run=True), seen(2))
    await with_zendesk.turn(with_zendesk.replies())
    assert [reply.state for reply in await with_zendesk.listed()] == ["dry_run", "dry_run"]
    assert with_zendesk.platform.got == []
    assert await with_zendesk.store.tickets(None, None, 9) == []


async def test_a_text_that_is_too_long_is_not_sent(world: World) -> None:
    """A display name may be longer than the slug that the template was tried with: the reply says what is wrong."""
    await world.brands.put("aerolume", BrandSettings(display_name="Ä" * 200, keywords=["x"]), START)
    template = "{{ brand }} {{ brand }}"
    await world.drafted(seen(), template=template, approval="automatic")
    (reply,) = await world.listed()
    assert (reply.state, reply.known) == (
        "refused",
        "not sent: the reply counts 401 of the 280 characters that x takes",
    )


async def test_nothing_raw_is_written(with_zendesk: World) -> None:
    """No raw id and no text stands in the files, though a draft can be sent from them."""
    await with_zendesk.store.put_rule(a_rule())
    replies = with_zendesk.replies()
    raw: dict[str, Any] = {
        "post_id": "raw-post-777",
        "author_id": "raw-author-888",
        "text": "@aerolume you lost my xylophone",
    }
    await with_zendesk.observe(replies, seen(1, **raw))
    (draft,) = await with_zendesk.listed()
    content = await replies.approvals.contents.find(draft.content)
    (ticket,) = await with_zendesk.store.tickets(None, None, 9)
    written = with_zendesk.written()
    assert content is not None
    assert draft.id.encode() in written
    assert ticket.id.encode() in written
    # By a ticket id a search finds the reply that it was published in, and whom it answers.
    for secret in (b"raw-post-777", b"raw-author-888", b"xylophone", content.ticket.encode()):
        assert secret not in written


async def test_what_is_removed_is_withdrawn_and_forgotten(with_zendesk: World) -> None:
    """A deleted post's draft, and all of an erased author's, are closed; no text of theirs can be read any more."""
    replies = await with_zendesk.drafted(seen(1), seen(2), seen(3))
    assert await replies.withdrawal.withdraw("x", ["post-1", "post-99"], ["author-2", "author-99"]) == 2
    assert await replies.withdrawal.withdraw("x", ["post-1"], ["author-2"]) == 0
    states = {reply.id: reply.state for reply in await with_zendesk.listed()}
    assert sorted(states.values()) == ["draft", "rejected", "rejected"]
    assert len(await with_zendesk.vault.page("reply")) == 1
    assert len(await with_zendesk.vault.page("ticket")) == 1


async def test_a_store_that_is_away_fails_the_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be drafted now is tried again with the posts."""
    await world.store.put_rule(a_rule())

    async def away(*_: object) -> bool:
        raise PeerUnavailableError("mongodb", "the store does not answer; send it again")

    monkeypatch.setattr(world.store, "add", away)
    with pytest.raises(PeerUnavailableError):
        await world.observe(world.replies(), seen())
    monkeypatch.undo()
    await world.observe(world.replies(), seen())
    assert len(await world.listed()) == 1
