"""Settings of the feed source."""

from pydantic import Field

from shared.settings import ServiceSettings


class FeedSettings(ServiceSettings):
    """How often feeds are asked, and how large one may be."""

    feed_interval: float = Field(
        900.0, alias="FEED_INTERVAL_SECONDS", ge=60, le=86_400, description="seconds from asking a feed to asking again"
    )
    feed_max_bytes: int = Field(
        5 * 2**20, alias="FEED_MAX_BYTES", ge=10_000, le=50 * 2**20, description="larger feeds are not read"
    )
