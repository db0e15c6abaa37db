"""Settings of the ingest service."""

from pydantic import Field, SecretStr

from services.ingest.keyfile import required_key
from services.ingest.replies.settings import ReplySettings
from services.ingest.sources.meta.settings import FacebookSettings, InstagramSettings
from services.ingest.sources.settings import BlueskySettings, FeedSettings, MastodonSettings
from services.ingest.sources.x.settings import XSettings
from services.ingest.vault.settings import VaultSettings
from shared.store_url import MongoUrl, SqliteUrl, parse_store_url


class IngestSettings(
    XSettings,
    BlueskySettings,
    MastodonSettings,
    InstagramSettings,
    FacebookSettings,
    FeedSettings,
    ReplySettings,
    VaultSettings,
):
    """The common settings, those of every source, of replies and of the vault, and those of ingest itself."""

    pseudonym_key: SecretStr | None = Field(
        None, alias="VOXPOP_PSEUDONYM_KEY", description="the HMAC key of author and post keys, at least 32 bytes"
    )
    pseudonym_key_version: int = Field(
        1,
        alias="VOXPOP_PSEUDONYM_KEY_VERSION",
        ge=1,
        description="stored with every key made",
    )
    analyze_batch: int = Field(128, alias="INGEST_ANALYZE_BATCH", ge=1, le=512, description="texts a call to sentiment")
    max_posts_in_flight: int = Field(
        8000, alias="INGEST_MAX_POSTS_IN_FLIGHT", ge=1000, description="posts being worked on; past it, 503"
    )
    store: str = Field(
        "",
        alias="INGEST_STORE",
        repr=False,
        description="sqlite:///path or mongodb://host/database; default: ingest.db in the data folder",
    )
    most_streams: int = Field(
        32, alias="INGEST_MAX_STREAMS", ge=0, le=1000, description="streams that one replica runs; 0 for none"
    )

    def parsed_store(self) -> SqliteUrl | MongoUrl:
        """Return where streams, brands, replies and the vault are kept; raises SettingsError."""
        return parse_store_url("INGEST_STORE", self.store, self.data_dir / "ingest.db")

    def require_pseudonym_key(self) -> bytes:
        """Return the pseudonym key's bytes.

        On loopback a missing key is made once in the data folder, mode 0600. Raises SettingsError where
        it is missing off loopback, short or a default.
        """
        path = self.data_dir / "pseudonym.key"
        return required_key("VOXPOP_PSEUDONYM_KEY", self.pseudonym_key, self.host, path).encode()
