"""Settings of the sources that need little: Bluesky, Mastodon and feeds."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints

from services.ingest.sources.base import CredentialError
from shared.settings import ServiceSettings, is_loopback


def file_of(variable: str) -> Any:
    """Return the field of a file that holds a secret."""
    return Field(None, alias=variable, description="a file that holds it")


def read_secret(variable: str, secret: SecretStr | None, file: Path | None) -> SecretStr | None:
    """Return the value of `variable`, or the content of the file that `<variable>_FILE` names, None where neither is.

    Raises CredentialError where the file cannot be read, or the value is blank or no single line of ASCII.
    """
    if secret is None and file is None:
        return None
    if secret is not None:
        value = secret.get_secret_value().strip()
    else:
        try:
            value = file.read_text().strip() if file else ""
        except (OSError, UnicodeDecodeError):
            raise CredentialError(f"the file that {variable}_FILE names cannot be read; give one that can") from None
    if not value or not value.isascii() or not value.isprintable():
        raise CredentialError(f"{variable} is blank or holds characters that no token has; copy it again")
    return SecretStr(value)


def checked_address(variable: str, url: str) -> str:
    """Return the address that a secret is sent to; raises CredentialError where it would be sent in clear."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise CredentialError(f"{variable} must be an https:// address: replies are sent there with a secret")
    return url


@dataclass(frozen=True)
class BlueskyAccount:
    """The account that replies: its server's address, its handle or DID, and an app password."""

    url: str
    identifier: str
    password: SecretStr = field(repr=False)


class BlueskySettings(ServiceSettings):
    """Where Bluesky's public servers are (each can be one's own), and the account that replies."""

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
    bluesky_pds_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@/]+/?$")] = Field(
        "https://bsky.social",
        alias="BLUESKY_PDS_URL",
        description="the server of the replying account, without a path",
    )
    bluesky_identifier: str = Field(
        "", alias="BLUESKY_IDENTIFIER", max_length=256, description="the replying account's handle or DID"
    )
    bluesky_app_password: SecretStr | None = Field(
        None, alias="BLUESKY_APP_PASSWORD", description="an app password of the replying account"
    )
    bluesky_app_password_file: Path | None = file_of("BLUESKY_APP_PASSWORD_FILE")

    def bluesky_account(self) -> BlueskyAccount:
        """Return the account that replies; raises CredentialError that names what lacks or cannot be used."""
        password = read_secret("BLUESKY_APP_PASSWORD", self.bluesky_app_password, self.bluesky_app_password_file)
        identifier = self.bluesky_identifier.strip().removeprefix("@")
        if password is None or not identifier:
            raise CredentialError(
                "BLUESKY_IDENTIFIER or BLUESKY_APP_PASSWORD is not set: replying on Bluesky needs both of the account"
            )
        return BlueskyAccount(checked_address("BLUESKY_PDS_URL", self.bluesky_pds_url), identifier, password)


MastodonVisibility = Literal["public", "unlisted", "private", "direct"]
"""Who sees a status, from everyone to those it mentions."""


@dataclass(frozen=True)
class MastodonAccount:
    """The account that replies: its server's address, a token, and how visible a reply is at the most."""

    url: str
    token: SecretStr = field(repr=False)
    visibility: MastodonVisibility = "public"


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
    mastodon_reply_token: SecretStr | None = Field(
        None,
        alias="MASTODON_REPLY_TOKEN",
        description="the replying account's token: read:accounts read:search read:statuses write:statuses",
    )
    mastodon_reply_token_file: Path | None = file_of("MASTODON_REPLY_TOKEN_FILE")
    mastodon_reply_url: Annotated[str, StringConstraints(pattern=r"^$|^https?://[^\s?#@/]+/?$")] = Field(
        "", alias="MASTODON_REPLY_URL", description="the replying account's server; default: `MASTODON_URL`"
    )
    mastodon_reply_visibility: MastodonVisibility = Field(
        "public",
        alias="MASTODON_REPLY_VISIBILITY",
        description="of replies: public, unlisted, private or direct; never more than the post's own",
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

    def mastodon_account(self) -> MastodonAccount:
        """Return the account that replies; raises CredentialError that names what lacks or cannot be used."""
        token = read_secret("MASTODON_REPLY_TOKEN", self.mastodon_reply_token, self.mastodon_reply_token_file)
        if token is None:
            raise CredentialError("MASTODON_REPLY_TOKEN is not set: replying on Mastodon needs the account's token")
        variable = "MASTODON_REPLY_URL" if self.mastodon_reply_url else "MASTODON_URL"
        url = checked_address(variable, self.mastodon_reply_url or self.mastodon_url)
        return MastodonAccount(url, token, self.mastodon_reply_visibility)


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
