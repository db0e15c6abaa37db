"""From settings and a brand's query to Facebook's source."""

from datetime import datetime

from services.ingest.brands.query import Query
from services.ingest.sources.base import Report
from services.ingest.sources.facebook.page import FacebookPage
from services.ingest.sources.facebook.settings import FacebookSettings
from shared.clock import Clock


def pages(
    settings: FacebookSettings,
    query: Query,
    report: Report,
    clock: Clock,
    *,
    since: datetime | None = None,
    ends: bool = False,
) -> FacebookPage:
    """Return the reading of the brand's pages; raises CredentialError where a setting is missing."""
    return FacebookPage(
        settings.facebook_access(),
        query.accounts,
        report,
        clock,
        settings.facebook_poll_seconds,
        settings.facebook_comment_days,
        since,
        ends,
    )
