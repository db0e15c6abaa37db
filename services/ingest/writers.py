"""The accounts that may answer, by platform."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from services.ingest.settings import IngestSettings
from services.ingest.sources.base import SourceError
from services.ingest.sources.meta.writer import GraphWriter
from services.ingest.sources.reply_writer import ReplyWriter
from services.ingest.sources.x.writer import XWriter
from shared.analyzed_post import Platform
from shared.clock import Clock

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_writers(settings: IngestSettings, clock: Clock) -> AsyncIterator[Mapping[Platform, ReplyWriter]]:
    """Open a writer for each platform whose credentials are set; none where replies are off."""
    writers: dict[Platform, ReplyWriter] = {}
    if not settings.replies_enabled:
        yield writers
        return
    x_writer: XWriter | None = None
    try:
        x_writer = writers["x"] = await XWriter.open(settings, clock)
    except SourceError as error:
        log.info("replies.no_writer", platform="x", reason=error.detail)
    try:
        writers["facebook"] = GraphWriter(settings.facebook_access(), clock)
    except SourceError as error:
        log.info("replies.no_writer", platform="facebook", reason=error.detail)
    try:
        writers["instagram"] = GraphWriter(settings.instagram_access()[0], clock, "replies")
    except SourceError as error:
        log.info("replies.no_writer", platform="instagram", reason=error.detail)
    try:
        yield writers
    finally:
        if x_writer is not None:
            await x_writer.aclose()
