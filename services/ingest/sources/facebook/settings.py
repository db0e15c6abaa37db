"""Settings of Facebook's source."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.ingest.sources.base import CredentialError
from services.ingest.sources.graph.access import GRAPH_URL, GraphAccess, read_secret
from shared.settings import ServiceSettings


class FacebookSettings(ServiceSettings):
    """What opens Facebook's pages; secrets also come from the file that `<NAME>_FILE` names."""

    facebook_page_token: SecretStr | None = Field(
        None, alias="FACEBOOK_PAGE_TOKEN", description="a page's token, with pages_read_engagement"
    )
    facebook_page_token_file: Path | None = Field(
        None, alias="FACEBOOK_PAGE_TOKEN_FILE", description="a file that holds it"
    )
    facebook_app_secret: SecretStr | None = Field(
        None, alias="FACEBOOK_APP_SECRET", description="where the app demands a proof of its secret"
    )
    facebook_app_secret_file: Path | None = Field(
        None, alias="FACEBOOK_APP_SECRET_FILE", description="a file that holds it"
    )
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
