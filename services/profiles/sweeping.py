"""Forgetting texts and analyses whose time is over."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from services.profiles.stores.base import ProfileStore
from shared.clock import Clock

PIECE: Final = 1000
"""Posts forgotten at once: few enough that no fold waits long for the store."""

log = structlog.get_logger(__name__)


async def sweep_texts(store: ProfileStore, clock: Clock, kept: timedelta) -> int:
    """Forget text and analysis of every post that was stored longer ago than `kept`; return how many."""
    before = int((clock.now() - kept).timestamp())
    forgotten = 0
    while True:
        count = await store.sweep(before, PIECE)
        forgotten += count
        if count < PIECE:
            break
        await asyncio.sleep(0)
    if forgotten:
        log.info("texts.swept", posts=forgotten)
    return forgotten
