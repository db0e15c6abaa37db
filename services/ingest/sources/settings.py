"""Settings of the sources that need little: Bluesky, Mastodon and feeds."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints

from services.ingest.sources.base import CredentialError
from shared.settings import ServiceSettings, is_loopback


def file_of(variable: str) -> Any:
    """Return the field of a file that holds a secret."""
    return Field(None, alias=variable, description="a file that holds it")


class BlueskySettings(ServiceSettings):
    """Where Bluesky's public servers are; each can be one's own."""

    bluesky_jetstream_url: Annotated[str, StringConstraints(pattern=r"^wss?://[^\s?#]+$")] = Field(
        "wss://jetstream2.us-east.bsky.network/subscribe",
        alias="BLUESKY_JETSTREAM_URL",
        description="websocket address of a Jetstream, without a query",
    )
    bluesky_appview_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$")] = Field(
        "https://public.api.bsky.app",
        alias="BLUESKY_APPVIEW_URL",
        description="where handles are looked up",
    )


class MastodonSettings(ServiceSettings):
    """Which server is asked, and as whom; hashtag timelines need no token at most servers, the stream does."""

    mastodon_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@/]+/?$")] = Field(
        "https://mastodon.social", alias="MASTODON_URL", description="address of the server, without a path"
    )
    mastodon_access_token: SecretStr | None = Field(
        None, alias="MASTODON_ACCESS_TOKEN", description="a token with the scope read:statuses, optional"
    )
    mastodon_access_token_file: Path | None = Field(
        None, alias="MASTODON_ACCESS_TOKEN_FILE", description="a file that holds the token"
    )

    def mastodon_token(self) -> str | None:
        """Return the token, None where there is none; raises CredentialError where its file cannot be read."""
        if self.mastodon_access_token is not None:
            return self.mastodon_access_token.get_secret_value().strip() or None
        if self.mastodon_access_token_file is None:
            return None
        try:
            return self.mastodon_access_token_file.read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError):
            raise CredentialError("the file that MASTODON_ACCESS_TOKEN_FILE names cannot be read") from None


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
        """Tell whether a feed may lie inside the network: clients that may write name feeds and read them."""
        if self.feed_private_addresses is None:
            return is_loopback(self.host)
        return self.feed_private_addresses
