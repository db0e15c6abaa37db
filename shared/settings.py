"""What every service can be told by its environment or a `.env` file."""

import ipaddress
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.access import ApiKey, Keyring, Scope, digest_of, parse_keys
from shared.errors import SettingsError

MIN_KEY_BYTES = 32


class ServiceSettings(BaseSettings):
    """Settings common to the four services; each service adds its own in `settings.py`.

    Values are read by their alias (the variable's name); in code the field's name works too.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        dotenv_filtering="only_existing",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    host: str = Field("127.0.0.1", alias="VOXPOP_HOST", description="address to listen on")
    data_dir: Path = Field(Path("var"), alias="VOXPOP_DATA_DIR", description="folder for databases and local keys")
    api_keys: str = Field("", alias="VOXPOP_API_KEYS", description="name:scope+scope:sha256-hex, comma-separated")
    service_key: SecretStr | None = Field(None, alias="VOXPOP_SERVICE_KEY", description="what services show each other")
    cors_origins: str = Field("", alias="VOXPOP_CORS_ORIGINS", description="origins of browsers, comma-separated")
    max_body_bytes: int = Field(8 * 2**20, alias="VOXPOP_MAX_BODY_BYTES", ge=1024, description="larger bodies are 413")
    rate_limit: str = Field("1200/minute", alias="VOXPOP_RATE_LIMIT", description="requests per key, e.g. 20/second")
    log_level: str = Field("INFO", alias="VOXPOP_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR")
    ingest_url: str = Field("http://ingest", alias="INGEST_URL", description="where ingest answers")
    sentiment_url: str = Field("http://sentiment", alias="SENTIMENT_URL", description="where sentiment answers")
    profiles_url: str = Field("http://profiles", alias="PROFILES_URL", description="where profiles answers")
    clusters_url: str = Field("http://clusters", alias="CLUSTERS_URL", description="where clusters answers")
    peer_deadline: float = Field(
        30.0, alias="VOXPOP_PEER_DEADLINE", gt=0, description="seconds for a call with retries"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read variables by alias alone: `HOST` or `MODEL` in an environment belongs to something else."""
        for source in (env_settings, dotenv_settings, file_secret_settings):
            source.config = SettingsConfigDict(**{**source.config, "populate_by_name": False})
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    def keyring(self) -> Keyring:
        """Return the keys that open this service, the services' own among them.

        Raises SettingsError where a key is malformed, or where none is set off loopback: an open
        service is for one's own machine alone.
        """
        keys = parse_keys("VOXPOP_API_KEYS", self.api_keys)
        if not keys and not is_loopback(self.host):
            raise SettingsError(
                f"refusing to listen on {self.host} without API keys: any client could read and write. "
                "Make one with `voxpop key new --name NAME --scope read+write` and set VOXPOP_API_KEYS, "
                "or bind to 127.0.0.1"
            )
        if not keys:
            return Keyring([])
        if self.service_key is not None:
            secret = require_key("VOXPOP_SERVICE_KEY", self.service_key.get_secret_value())
            keys.append(ApiKey("service", frozenset({Scope.ADMIN}), digest_of(secret), internal=True))
        return Keyring(keys)


def is_loopback(host: str) -> bool:
    """Tell whether `host` can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_key(setting: str, value: str) -> str:
    """Return `value` where it has 32 bytes, 8 different characters and is no default; else raise SettingsError."""
    weak = len(set(value)) < 8 or "changeme" in value.lower() or "change-me" in value.lower()  # noqa: PLR2004
    if len(value.encode()) < MIN_KEY_BYTES or weak:
        raise SettingsError(
            f"{setting} is too short or a default: give at least {MIN_KEY_BYTES} random bytes, "
            "for example the output of `openssl rand -hex 32`"
        )
    return value
