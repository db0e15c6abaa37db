"""Settings of the Mastodon sources."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from services.ingest.sources.base import CredentialError
from shared.settings import ServiceSettings


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
