"""A minute in the sandbox at 200 posts a second, in bad weather and with restarts; `bench/soak.py` has half an hour."""

import random
from pathlib import Path

from sandbox.sandbox import Sandbox
from tests.e2e.soaking import BRAND, Soak
from tests.unit.ingest.sources.x.surroundings import TwoClocks

RATE = 200


async def test_every_post_is_folded_once_whatever_happens(tmp_path: Path) -> None:
    """Stalls, drops, 429, HTML, duplicates, garbage and two restarts lose nothing and double nothing."""
    clock = TwoClocks()
    async with Sandbox(tmp_path / "sandbox", clock=clock.server) as sandbox:
        soak = Soak(tmp_path, sandbox, clock, clock.advance, random.Random(4))  # noqa: S311 - a seed makes it repeatable
        async with soak.profiles() as profiles:
            for turn in range(3):
                async with soak.voxpop(profiles) as ingest:
                    if not turn:
                        await ingest.put(f"/v1/brands/{BRAND}", json={"keywords": [BRAND]})
                        await ingest.post("/v1/streams", json={"brand": BRAND, "source": "x"})
                        await clock.advance(5)
                    await soak.weather(20, RATE, every=4)
                    if turn == 2:
                        counted = await soak.settled(profiles, 300)
                        shown = (await ingest.get("/v1/streams")).json()["items"][0]
                await clock.advance(2)
    assert counted == soak.published == 60 * RATE, shown
    assert soak.closest_connections() >= 1.0 - 1e-6
    assert len({fault.kind for fault in sandbox.faults.happened}) >= 5
    assert sandbox.requests["search"] > 0
