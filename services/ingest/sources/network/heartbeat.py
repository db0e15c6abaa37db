"""Life on a websocket where nothing may be said for hours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.ingest.sources.network.fault import NetworkFault
from services.ingest.sources.network.silence import Silence
from services.ingest.sources.network.websocket import Channel
from shared.clock import Clock

PING_SECONDS = 25.0


@asynccontextmanager
async def heartbeat(channel: Channel, silence: Silence, clock: Clock) -> AsyncIterator[None]:
    """Ping every 25 s while the block runs; each answer is heard by `silence`."""
    beating = asyncio.create_task(_beat(channel, silence, clock))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


async def _beat(channel: Channel, silence: Silence, clock: Clock) -> None:
    # An ended connection is told to whoever receives; here it only ends the beating.
    with suppress(NetworkFault):
        while True:
            await clock.sleep(PING_SECONDS)
            await channel.ping()
            silence.heard()
