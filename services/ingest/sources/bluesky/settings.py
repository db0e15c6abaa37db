"""Settings of the Bluesky source; it needs no account."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ServiceSettings


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
