"""What opens Meta's networks: the Graph API's address and tokens, and the settings of Facebook and Instagram."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.settings import file_of, read_secret
from shared.settings import ServiceSettings

GRAPH_URL = "https://graph.facebook.com/v23.0"
"""The version is part of the address, as Meta has it; each lives two years at least."""


@dataclass(frozen=True)
class GraphAccess:
    """Where the API answers and what shows that we may ask; `variable` names the token's setting in sentences."""

    url: str
    token: SecretStr
    variable: str
    app_secret: SecretStr | None = None

    def headers(self) -> dict[str, str]:
        """Return the header that carries the token: in the address it would stand in logs of proxies."""
        return {"authorization": f"Bearer {self.token.get_secret_value()}"}

    def proof(self) -> dict[str, str]:
        """Return the parameter `appsecret_proof` where a secret is set: HMAC-SHA256 of the token with it."""
        if self.app_secret is None:
            return {}
        key, message = self.app_secret.get_secret_value().encode(), self.token.get_secret_value().encode()
        return {"appsecret_proof": hmac.digest(key, message, hashlib.sha256).hex()}


class FacebookSettings(ServiceSettings):
    """What opens Facebook's pages; secrets also come from the file that `<NAME>_FILE` names."""

    facebook_page_token: SecretStr | None = Field(
        None, alias="FACEBOOK_PAGE_TOKEN", description="a page's token, with pages_read_engagement"
    )
    facebook_page_token_file: Path | None = file_of("FACEBOOK_PAGE_TOKEN_FILE")
    facebook_app_secret: SecretStr | None = Field(
        None, alias="FACEBOOK_APP_SECRET", description="where the app demands a proof of its secret"
    )
    facebook_app_secret_file: Path | None = file_of("FACEBOOK_APP_SECRET_FILE")
    facebook_graph_url: str = Field(
        GRAPH_URL, alias="FACEBOOK_GRAPH_URL", description="where the Graph API answers, with its version"
    )
    facebook_poll_seconds: float = Field(
        120.0, alias="FACEBOOK_POLL_SECONDS", ge=10, description="seconds between looks at a page"
    )
    facebook_comment_days: int = Field(
        14, alias="FACEBOOK_COMMENT_DAYS", ge=1, le=90, description="how long a post's comments are looked for"
    )

    def facebook_access(self) -> GraphAccess:
        """Return what opens the API; raises CredentialError where the token is missing or cannot be read."""
        token = read_secret("FACEBOOK_PAGE_TOKEN", self.facebook_page_token, self.facebook_page_token_file)
        if token is None:
            raise CredentialError(
                "FACEBOOK_PAGE_TOKEN is not set: make a token of the page with the permissions pages_read_engagement "
                "and pages_read_user_content"
            )
        secret = read_secret("FACEBOOK_APP_SECRET", self.facebook_app_secret, self.facebook_app_secret_file)
        return GraphAccess(self.facebook_graph_url, token, "FACEBOOK_PAGE_TOKEN", secret)


@dataclass(frozen=True, repr=False)
class InstaloaderSession:
    """An Instagram login that instaloader saved: whose it is, and the file; None for a visitor."""

    user: str
    file: Path


class InstagramSettings(ServiceSettings):
    """What opens Instagram; secrets also come from the file that `<NAME>_FILE` names."""

    instagram_access_token: SecretStr | None = Field(
        None, alias="INSTAGRAM_ACCESS_TOKEN", description="a user's token, with instagram_basic"
    )
    instagram_access_token_file: Path | None = file_of("INSTAGRAM_ACCESS_TOKEN_FILE")
    instagram_app_secret: SecretStr | None = Field(
        None, alias="INSTAGRAM_APP_SECRET", description="where the app demands a proof of its secret"
    )
    instagram_app_secret_file: Path | None = file_of("INSTAGRAM_APP_SECRET_FILE")
    instagram_user_id: str | None = Field(
        None, alias="INSTAGRAM_USER_ID", description="the id of the business account that searches hashtags"
    )
    instagram_graph_url: str = Field(
        GRAPH_URL, alias="INSTAGRAM_GRAPH_URL", description="where the Graph API answers, with its version"
    )
    instagram_poll_seconds: float = Field(
        300.0, alias="INSTAGRAM_POLL_SECONDS", ge=30, description="seconds between looks at the hashtags"
    )
    instagram_captions: bool = Field(
        default=False,
        alias="INSTAGRAM_CAPTIONS",
        description="let instaloader read Instagram's website; Instagram may lock the account",
    )
    instagram_captions_poll_seconds: float = Field(
        1800.0, alias="INSTAGRAM_CAPTIONS_POLL_SECONDS", ge=300, description="seconds between its looks"
    )
    instagram_session_user: str | None = Field(
        None, alias="INSTAGRAM_SESSION_USER", description="whose login the session file is"
    )
    instagram_session_file: Path | None = Field(
        None, alias="INSTAGRAM_SESSION_FILE", description="made by `instaloader --login NAME`; never a password"
    )

    def instagram_access(self) -> tuple[GraphAccess, str]:
        """Return what opens the API and the account that asks; raises CredentialError naming what is missing."""
        token = read_secret("INSTAGRAM_ACCESS_TOKEN", self.instagram_access_token, self.instagram_access_token_file)
        if token is None:
            raise CredentialError(
                "INSTAGRAM_ACCESS_TOKEN is not set: make a user token with instagram_basic for an app that Meta has "
                "approved for Instagram Public Content Access"
            )
        if not self.instagram_user_id:
            raise CredentialError(
                "INSTAGRAM_USER_ID is not set: give the id of the Instagram business account that searches"
            )
        secret = read_secret("INSTAGRAM_APP_SECRET", self.instagram_app_secret, self.instagram_app_secret_file)
        access = GraphAccess(self.instagram_graph_url, token, "INSTAGRAM_ACCESS_TOKEN", secret)
        return access, self.instagram_user_id

    def instagram_session(self) -> InstaloaderSession | None:
        """Return the login that instaloader uses, None for a visitor.

        Raises SourceRefusedError where captions are not turned on, CredentialError where half of a login is set.
        """
        if not self.instagram_captions:
            raise SourceRefusedError(
                "reading Instagram's website is off: it is against Instagram's terms and gets accounts locked; set "
                "INSTAGRAM_CAPTIONS=true to do it all the same, or use the hashtag search of the Graph API"
            )
        if self.instagram_session_file is None and self.instagram_session_user is None:
            return None
        if self.instagram_session_file is None or self.instagram_session_user is None:
            raise CredentialError("INSTAGRAM_SESSION_FILE and INSTAGRAM_SESSION_USER go together; set both or none")
        return InstaloaderSession(self.instagram_session_user, self.instagram_session_file)
