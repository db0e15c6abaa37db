"""The accounts that may answer, by platform."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog

from services.ingest.settings import IngestSettings
from services.ingest.sources.base import SourceError
from services.ingest.sources.bluesky.writer import BlueskyWriter
from services.ingest.sources.mastodon.writer import MastodonWriter
from services.ingest.sources.meta.writer import GraphWriter
from services.ingest.sources.reply_writer import ReplyWriter
from services.ingest.sources.x.writer import XWriter
from shared.analyzed_post import Platform
from shared.clock import Clock

log = structlog.get_logger(__name__)
Open = Callable[[IngestSettings, Clock, AsyncExitStack], Awaitable[ReplyWriter]]


async def _x(settings: IngestSettings, clock: Clock, stack: AsyncExitStack) -> ReplyWriter:
    writer = await XWriter.open(settings, clock)
    stack.push_async_callback(writer.aclose)
    return writer


async def _bluesky(settings: IngestSettings, clock: Clock, stack: AsyncExitStack) -> ReplyWriter:
    writer = BlueskyWriter(settings.bluesky_account(), clock)
    stack.push_async_callback(writer.aclose)
    return writer


async def _mastodon(settings: IngestSettings, clock: Clock, stack: AsyncExitStack) -> ReplyWriter:
    writer = MastodonWriter(settings, clock)
    stack.push_async_callback(writer.aclose)
    return writer


async def _facebook(settings: IngestSettings, clock: Clock, _: AsyncExitStack) -> ReplyWriter:
    return GraphWriter(settings.facebook_access(), clock)


async def _instagram(settings: IngestSettings, clock: Clock, _: AsyncExitStack) -> ReplyWriter:
    return GraphWriter(settings.instagram_access()[0], clock, "replies")


_WRITERS: Final[dict[Platform, Open]] = {
    "x": _x,
    "bluesky": _bluesky,
    "mastodon": _mastodon,
    "facebook": _facebook,
    "instagram": _instagram,
}


@asynccontextmanager
async def open_writers(settings: IngestSettings, clock: Clock) -> AsyncIterator[Mapping[Platform, ReplyWriter]]:
    """Open a writer for each platform whose credentials are set; none where replies are off."""
    writers: dict[Platform, ReplyWriter] = {}
    async with AsyncExitStack() as stack:
        for platform, opened in _WRITERS.items() if settings.replies_enabled else ():
            try:
                writers[platform] = await opened(settings, clock, stack)
            except SourceError as error:
                log.info("replies.no_writer", platform=platform, reason=error.detail)
        yield writers
