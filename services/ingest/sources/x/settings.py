"""Settings of X: what proves who we are, what may be read, and where a sandbox stands in for it."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.ingest.sources.base import CredentialError
from services.ingest.sources.settings import file_of
from shared.analyzed_post import Platform
from shared.settings import ServiceSettings

MOST_SECRET: Final = 4096
_OF_ACCOUNT: Final = ("x_api_key", "x_api_secret", "x_access_token", "x_access_token_secret")
_SECRETS: Final = ("x_bearer_token", *_OF_ACCOUNT)


class XSettings(ServiceSettings):
    """X's settings. Each secret comes from its variable or from the file that the variable with `_FILE` names."""

    x_bearer_token: SecretStr | None = Field(None, alias="X_BEARER_TOKEN", description="the app's bearer token")
    x_api_key: SecretStr | None = Field(None, alias="X_API_KEY", description="the app's key, for replies")
    x_api_secret: SecretStr | None = Field(None, alias="X_API_SECRET", description="the app's secret, for replies")
    x_access_token: SecretStr | None = Field(None, alias="X_ACCESS_TOKEN", description="the replying account's token")
    x_access_token_secret: SecretStr | None = Field(
        None, alias="X_ACCESS_TOKEN_SECRET", description="the secret of the replying account's token"
    )
    x_bearer_token_file: Path | None = file_of("X_BEARER_TOKEN_FILE")
    x_api_key_file: Path | None = file_of("X_API_KEY_FILE")
    x_api_secret_file: Path | None = file_of("X_API_SECRET_FILE")
    x_access_token_file: Path | None = file_of("X_ACCESS_TOKEN_FILE")
    x_access_token_secret_file: Path | None = file_of("X_ACCESS_TOKEN_SECRET_FILE")
    x_monthly_posts: int = Field(
        10_000, alias="X_MONTHLY_POSTS", ge=0, description="posts that may be read in a calendar month (UTC)"
    )
    x_sandbox: str = Field(
        "", alias="X_SANDBOX", pattern=r"^$|^[^\s:/]+:[0-9]{1,5}$", description="HOST:PORT of a sandbox instead of X"
    )
    x_sandbox_ca: Path | None = Field(None, alias="X_SANDBOX_CA", description="the sandbox's ca.pem")

    @field_validator(*_SECRETS)
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what cannot stand in an HTTP header; an empty value counts as none."""
        secret = value.get_secret_value().strip() if value is not None else ""
        if not secret:
            return None
        if len(secret) > MOST_SECRET or not secret.isascii() or any(sign.isspace() for sign in secret):
            raise ValueError("must be one word of ASCII characters, as X shows it")
        return SecretStr(secret)

    @model_validator(mode="after")
    def _read_files(self) -> Self:
        """Take each secret whose `_FILE` is set from that file; both at once are ambiguous."""
        for name in _SECRETS:
            path: Path | None = getattr(self, f"{name}_file")
            if path is None:
                continue
            variable = f"{name.upper()}_FILE"
            if getattr(self, name) is not None:
                raise ValueError(f"{variable} and {name.upper()} are both set: unset one")
            try:
                with path.open(encoding="ascii") as file:
                    secret = file.read(MOST_SECRET + 2)
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"{variable}: the file cannot be read ({type(error).__name__})") from None
            try:
                checked = self._check_secret(SecretStr(secret))
            except ValueError as error:
                raise ValueError(f"{variable}: the file's content {error}") from None
            if checked is None:
                raise ValueError(f"{variable}: the file is empty")
            setattr(self, name, checked)
        if self.x_sandbox and self.x_sandbox_ca is None:
            raise ValueError("X_SANDBOX is set without X_SANDBOX_CA: name the ca.pem that the sandbox wrote")
        return self

    def require_x_bearer(self) -> str:
        """Return the bearer token; raises CredentialError that names the variable."""
        if self.x_bearer_token is None:
            raise CredentialError("X_BEARER_TOKEN is not set: reading from X needs the app's bearer token")
        return self.x_bearer_token.get_secret_value()

    def x_own_accounts(self) -> frozenset[tuple[Platform, str]]:
        """Return the account that replies on X are sent from; its id stands before the hyphen of its token."""
        token = self.x_access_token.get_secret_value() if self.x_access_token else ""
        number, hyphen, _ = token.partition("-")
        return frozenset({("x", number)} if hyphen and number.isdecimal() else ())

    def require_x_account(self) -> tuple[str, str, str, str]:
        """Return API key, API secret, access token and its secret; raises CredentialError that names what lacks."""
        values: list[SecretStr | None] = [getattr(self, name) for name in _OF_ACCOUNT]
        if missing := [name.upper() for name, value in zip(_OF_ACCOUNT, values, strict=True) if value is None]:
            raise CredentialError(f"{' and '.join(missing)} not set: replying on X needs all four of the account")
        key, secret, token, token_secret = (value.get_secret_value() for value in values if value is not None)
        return key, secret, token, token_secret
