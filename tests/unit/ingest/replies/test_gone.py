"""Authors and posts that get no reply: removed ones, authors that are not told, opt-outs in time."""

from datetime import timedelta
from typing import Any

import pytest

from services.ingest.replies.claims import GONE
from shared.analyzed_post import Platform
from shared.documents.query import Query
from tests.unit.ingest.replies.conftest import World, seen
from tests.unit.ingest.replies.replies import a_rule
from tests.unit.ingest.virtual_clock import START

HOUR = timedelta(hours=1)


async def marks(world: World) -> list[str]:
    """Return the keys of what is gone."""
    found = await world.documents.find(GONE, Query(), 99)
    return [document.key for document in found]


async def test_what_a_removed_author_wrote_before_gets_no_draft(world: World) -> None:
    """Posts up to the hour of the removal that come after it are not answered; later ones of the author may be."""
    await world.store.put_rule(a_rule())
    replies = world.replies()
    await world.clock.advance(2 * HOUR.total_seconds())
    await replies.withdrawal.withdraw("x", [], ["me"])
    for number, moment in enumerate((START, START + 2.5 * HOUR), 1):
        await world.observe(replies, seen(number, author_id="me", created_at=moment.isoformat()))
    assert await world.listed() == []
    await world.observe(replies, seen(3, author_id="me", created_at=(START + 3 * HOUR).isoformat()), seen(4))
    assert len(await world.listed()) == 2


async def test_a_removal_that_comes_before_its_post_is_remembered(world: World) -> None:
    """The post gets no draft; another one of its author does."""
    await world.store.put_rule(a_rule())
    replies = world.replies()
    await replies.withdrawal.withdraw("x", ["post-1"], [])
    await world.observe(replies, seen(1, author_id="me"))
    assert await world.listed() == []
    await world.observe(replies, seen(2, author_id="me"))
    assert len(await world.listed()) == 1


@pytest.mark.parametrize("platform", ["bluesky", "mastodon"])
async def test_removals_of_a_whole_network_leave_no_mark(world: World, platform: Platform) -> None:
    """Of a whole network's removals those authors alone are remembered to whom a reply was made."""
    replies = await world.drafted(seen(1, author_id="me", platform=platform), platforms=[platform])
    await replies.withdrawal.withdraw(platform, ["post-1", "post-9"], ["me", "stranger"])
    (draft,) = await world.listed()
    assert await marks(world) == [draft.author]


async def test_an_opt_out_counts_though_replies_are_off(world: World) -> None:
    """While they are off no draft is made, but who wants none is heard, and stays out once they are on."""
    await world.store.put_rule(a_rule())
    off = world.replies(replies_enabled=False)
    await world.observe(off, seen(1, author_id="me", text="@aerolume stop"), seen(2, author_id="you"))
    assert await world.listed() == []
    assert world.asked == []
    await world.observe(world.replies(), seen(3, author_id="me"), seen(4, author_id="them"))
    assert len(await world.listed()) == 1


@pytest.mark.parametrize("platform", ["facebook", "instagram", "x"])
async def test_an_author_who_is_not_told_is_not_answered(world: World, platform: Any) -> None:
    """It may be the brand's page itself, or an author who was answered today."""
    await world.drafted(seen(1, author_id="unknown", platform=platform), platforms=["bluesky", platform])
    assert await world.listed() == []
    told = seen(2, author_id="unknown", platform="bluesky"), seen(3, platform=platform)
    await world.observe(world.replies(), *told)
    assert len(await world.listed()) == 2
