"""Settings of the feed source."""

from pydantic import Field

from shared.settings import ServiceSettings, is_loopback


class FeedSettings(ServiceSettings):
    """How often feeds are asked, how large one may be, and where it may lie."""

    feed_interval: float = Field(
        900.0, alias="FEED_INTERVAL_SECONDS", ge=60, le=86_400, description="seconds from asking a feed to asking again"
    )
    feed_max_bytes: int = Field(
        5 * 2**20, alias="FEED_MAX_BYTES", ge=10_000, le=50 * 2**20, description="larger feeds are not read"
    )
    feed_private_addresses: bool | None = Field(
        None,
        alias="FEED_PRIVATE_ADDRESSES",
        description="whether feeds may lie inside the network; unset: on loopback alone",
    )

    def feeds_lie_anywhere(self) -> bool:
        """Tell whether a feed may lie inside the network: whoever may write names feeds, and reads what they hold."""
        if self.feed_private_addresses is None:
            return is_loopback(self.host)
        return self.feed_private_addresses
