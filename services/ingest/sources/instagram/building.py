"""From settings and a brand's query to Instagram's sources."""

from datetime import datetime
from typing import Literal

from services.ingest.brands.query import Query
from services.ingest.sources.base import Report
from services.ingest.sources.instagram.captions import InstagramCaptions
from services.ingest.sources.instagram.hashtag import InstagramHashtag
from services.ingest.sources.instagram.settings import InstagramSettings
from shared.clock import Clock


def hashtag_search(
    settings: InstagramSettings,
    query: Query,
    report: Report,
    clock: Clock,
    *,
    order: Literal["recent", "top"] = "recent",
    since: datetime | None = None,
    ends: bool = False,
) -> InstagramHashtag:
    """Return the Graph API's search of the brand's hashtags; raises CredentialError where a setting is missing."""
    access, user_id = settings.instagram_access()
    return InstagramHashtag(
        access, user_id, query.hashtags, report, clock, settings.instagram_poll_seconds, order, since, ends
    )


def website_captions(
    settings: InstagramSettings,
    query: Query,
    report: Report,
    clock: Clock,
    *,
    of: Literal["hashtags", "profiles"],
    since: datetime | None = None,
    ends: bool = False,
) -> InstagramCaptions:
    """Return instaloader's reading of the brand's hashtags or profiles.

    Raises RefusedError where INSTAGRAM_CAPTIONS is off, CredentialError where half of a login is set.
    """
    session = settings.instagram_session()
    queries = query.accounts if of == "profiles" else tuple(f"#{tag}" for tag in query.hashtags)
    return InstagramCaptions(session, queries, report, clock, settings.instagram_captions_poll_seconds, since, ends)
