"""Exactly what was published, through everything that X and our own process may do wrong."""

import random
from itertools import pairwise
from typing import Any

import pytest

from sandbox.faults import CHANGES
from sandbox.sandbox import Sandbox
from services.ingest.sources.x.client import XClient
from tests.contract.source_network import Listener, listening
from tests.unit.ingest.sources.x.networks import SandboxNetwork


@pytest.mark.parametrize("seed", range(3))
async def test_every_post_is_delivered_through_all_faults_and_crashes(
    network: SandboxNetwork, sandbox: Sandbox, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 8 minutes of every kind of fault and a crash every minute, no post is lost and connections keep their pace."""
    dice = random.Random(seed)  # noqa: S311 - a seeded dice, no secret
    tried: list[float] = []
    listen = XClient.listen

    async def noted(client: XClient, *callbacks: Any) -> None:
        tried.append(network.clock.monotonic())
        await listen(client, *callbacks)

    monkeypatch.setattr(XClient, "listen", noted)
    stored: set[str] = set()
    cursor: str | None = None
    for turn in range(8):
        async with listening(network, cursor) as listener:
            for _ in range(60):
                for _ in range(dice.randrange(4)):
                    sandbox.publish("a post")
                if dice.random() < 0.05:
                    for place, kind, more in CHANGES[dice.choice(list(CHANGES))]:
                        sandbox.order(place, kind, **more)
                await network.clock.advance(1)
            if turn < 7:
                stored, cursor = crash(listener, stored, cursor, dice)
            else:
                await network.mend()
                everything = {str(post.id) for post in sandbox.timeline.published()}
                await listener.until(lambda: stored | listener.ids >= everything)  # noqa: B023 - called at once
        assert all(later - earlier >= 1 - 1e-6 for earlier, later in pairwise(tried))
        tried.clear()
    assert len(everything) > 500


def crash(listener: Listener, stored: set[str], cursor: str | None, dice: random.Random) -> tuple[set[str], str | None]:
    """Return what is stored after a crash that loses the last few batches, and the cursor stored with it."""
    kept = listener.batches[: len(listener.batches) - dice.randrange(5)]
    ids = {post["post_id"] for batch in kept for post in batch.posts}
    cursors = [batch.cursor for batch in kept if batch.cursor is not None]
    return stored | ids, cursors[-1] if cursors else cursor
