"""Erasures as they are carried out: at once, while profiles is away, and over crashes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import structlog

from services.ingest.erasures.eraser import Eraser
from services.ingest.erasures.erasure import FIRST_WAIT, LEASE, LONGEST_WAIT, SETTLED
from tests.unit.ingest.erasures.conftest import ACME, Bench

AUTHOR = "4815162342108"


async def test_an_author_goes_everywhere(bench: Bench) -> None:
    """Raw ids are forgotten, profiles is told the pseudonym, and what was removed where is noted."""
    await bench.remember(AUTHOR, "1", "2")
    await bench.remember("777", "3")
    asked = await bench.erasures.ask("x", AUTHOR)
    assert await bench.eraser.turn()
    done = await bench.now(asked)
    assert (done.state, done.waiting_for, done.here.recent_posts) == ("done", None, 2)
    assert [one.model_dump() for one in done.profiles] == [ACME]
    assert bench.asked == [bench.pseudonymizer.author_key("x", AUTHOR)]
    assert [post.author_id for post in await bench.recent.page()] == ["777"]
    assert bench.scrubbed == 1
    assert not await bench.eraser.turn()


async def test_what_was_under_way_is_found_by_a_second_look(bench: Bench) -> None:
    """A delivery that had begun before keeps an id; two minutes later it goes too, and nothing is due any more."""
    asked = await bench.erasures.ask("x", AUTHOR)
    await bench.eraser.turn()
    await bench.remember(AUTHOR, "1")
    await bench.clock.advance(SETTLED.total_seconds())
    assert await bench.eraser.turn()
    settled = await bench.now(asked)
    assert (settled.here.recent_posts, settled.state, settled.due_at, settled.reply_author) == (1, "done", None, None)
    assert settled.looked_again_at == bench.clock.now()
    assert [one.model_dump() for one in settled.profiles] == [ACME]
    await bench.clock.advance(10**6)
    assert not await bench.eraser.turn()


@pytest.mark.parametrize("status", [503, 500, 404])
async def test_while_profiles_is_away_it_waits_longer_and_longer(bench: Bench, status: int) -> None:
    """What is here goes at once and is counted once; it says whom it waits for, and is done when profiles is back."""
    await bench.remember(AUTHOR, "1")
    asked = await bench.erasures.ask("x", AUTHOR)
    bench.status = status
    waits = []
    for _ in range(12):
        assert await bench.eraser.turn()
        waiting = await bench.now(asked)
        assert (waiting.state, waiting.waiting_for, waiting.here.recent_posts) == ("waiting", "profiles", 1)
        assert waiting.due_at is not None
        waits.append(waiting.due_at - bench.clock.now())
        assert not await bench.eraser.turn()
        await bench.clock.advance(waits[-1].total_seconds())
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    assert await bench.recent.page() == []
    bench.status = 200
    assert await bench.eraser.turn()
    assert (await bench.now(asked)).state == "done"


async def test_an_answer_that_is_none_is_not_taken_for_one(bench: Bench) -> None:
    """It waits, with a sentence."""
    bench.answer = {"items": [{"brand": "acme", "posts": -1}]}
    asked = await bench.erasures.ask("x", AUTHOR)
    await bench.eraser.turn()
    waiting = await bench.now(asked)
    assert (waiting.state, waiting.known) == ("waiting", "profiles gave an answer without counts")


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["forget", "record", "call", "answered", "last record"])
async def test_a_crash_anywhere_is_finished_by_who_comes_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """After the lease another replica takes it over; nothing is left, nothing goes twice into the report."""
    await bench.remember(AUTHOR, "1", "2")
    asked = await bench.erasures.ask("x", AUTHOR)
    dying = bench.eraser
    with monkeypatch.context() as patched:
        _die(dying, patched, point)
        with pytest.raises(Crash):
            await dying.turn()
    assert not await bench.eraser.turn()
    await bench.clock.advance(LEASE.total_seconds())
    assert await bench.eraser.turn()
    done = await bench.now(asked)
    assert done.state == "done"
    assert done.here.recent_posts <= 2
    assert sum(one.posts for one in done.profiles) <= ACME["posts"]
    assert await bench.recent.page() == []
    assert set(bench.asked) == {done.author_key}


def _die(eraser: Eraser, patched: pytest.MonkeyPatch, point: str) -> None:
    """Have a replica end at a point of its work."""
    call = eraser.profiles.call

    async def dying_call(*arguments: Any, **content: Any) -> Any:
        if point == "answered":
            await call(*arguments, **content)
        raise Crash

    async def gone(*_: object) -> Any:
        raise Crash

    if point == "forget":
        patched.setattr(eraser.places.vault, "forget", gone)
    elif "record" in point:
        patched.setattr(eraser.store, "settle" if point == "last record" else "note", gone)
    else:
        patched.setattr(eraser.profiles, "call", dying_call)


async def test_of_two_replicas_one_carries_it_out(bench: Bench) -> None:
    """Both look every two seconds; profiles is asked once for the erasure, and once for the second look."""
    tasks = [asyncio.create_task(bench.eraser.run()) for _ in range(2)]
    await bench.clock.advance(10)
    asked = await bench.erasures.ask("x", AUTHOR)
    await bench.clock.advance(10)
    assert (await bench.now(asked)).state == "done"
    assert len(bench.asked) == 1
    await bench.clock.advance((SETTLED + timedelta(minutes=10)).total_seconds())
    assert len(bench.asked) == 2
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_asked_again_while_it_runs_or_when_it_is_done(bench: Bench) -> None:
    """The same erasure; a done one is carried out once more and adds to its report."""
    first = await bench.erasures.ask("x", AUTHOR)
    assert (await bench.erasures.ask("x", AUTHOR)).id == first.id
    assert (await bench.erasures.ask("mastodon", AUTHOR)).id != first.id
    while await bench.eraser.turn():
        pass
    await bench.remember(AUTHOR, "1")
    assert (await bench.erasures.ask("x", AUTHOR)).id == first.id
    assert await bench.eraser.turn()
    done = await bench.now(first)
    assert (done.state, done.here.recent_posts, len(done.profiles)) == ("done", 1, 1)


async def test_logs_and_reprs_name_nobody(bench: Bench) -> None:
    """Neither the raw id nor a key of the author is in a line of log, nor the raw id in what is kept."""
    bench.status = 503
    with structlog.testing.capture_logs() as lines:
        asked = await bench.erasures.ask("x", AUTHOR)
        await bench.eraser.turn()
    told = repr(lines)
    assert asked.id in told
    assert asked.author_key not in told
    assert str(asked.reply_author) not in told
    assert AUTHOR not in told + repr(await bench.now(asked))
