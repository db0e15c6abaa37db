"""What every service can be told by its environment or a `.env` file."""

import ipaddress
import re
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.access import ApiKey, Keyring, Scope, digest_of, parse_keys
from shared.errors import SettingsError

MIN_KEY_BYTES = 32
_HOST_NAME = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


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
    hosts: str = Field(
        "", alias="VOXPOP_HOSTS", description="other names of a server without keys, comma-separated; else 421"
    )
    max_body_bytes: int = Field(8 * 2**20, alias="VOXPOP_MAX_BODY_BYTES", ge=1024, description="larger bodies are 413")
    max_connections: int = Field(
        1000, alias="VOXPOP_MAX_CONNECTIONS", ge=8, description="at a time; past it one that waits for its client goes"
    )
    head_seconds: float = Field(
        10.0, alias="VOXPOP_HEAD_SECONDS", gt=0, description="for a request's line and headers; else 408"
    )
    stall_seconds: float = Field(
        20.0, alias="VOXPOP_STALL_SECONDS", gt=0, description="for 512 bytes a second of a body or an answer to pass"
    )
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
                "Make one with `voxpop key new --name NAME --scope read` and set VOXPOP_API_KEYS, "
                "or bind to 127.0.0.1"
            )
        if not keys:
            return Keyring([])
        if self.service_key is not None:
            secret = require_key("VOXPOP_SERVICE_KEY", self.service_key.get_secret_value())
            keys.append(ApiKey("service", frozenset({Scope.ADMIN}), digest_of(secret), internal=True))
        return Keyring(keys)

    def listed_origins(self) -> frozenset[str]:
        """Return the origins whose pages may ask, in lower case and without a final slash."""
        return frozenset(origin.lower().rstrip("/") for origin in _listed(self.cors_origins))

    def other_hosts(self) -> frozenset[str]:
        """Return the names beside loopback that a server without keys answers to; raises SettingsError."""
        names = _listed(self.hosts)
        if wrong := [place for place, name in enumerate(names, start=1) if not _HOST_NAME.fullmatch(name)]:
            raise SettingsError(
                f"VOXPOP_HOSTS, entry {wrong[0]}: give host names or addresses alone, such as voxpop.internal, "
                "without scheme and port"
            )
        return frozenset(name.lower() for name in names)


def is_loopback(host: str) -> bool:
    """Tell whether `host` can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def require_key(setting: str, value: str) -> str:
    """Return `value` where it has 32 bytes, 8 different characters and is no default; else raise SettingsError."""
    weak = len(set(value)) < 8 or "changeme" in value.lower() or "change-me" in value.lower()  # noqa: PLR2004
    if len(value.encode()) < MIN_KEY_BYTES or weak:
        raise SettingsError(
            f"{setting} is too short or a default: give at least {MIN_KEY_BYTES} random bytes, "
            "for example the output of `openssl rand -hex 32`"
        )
    return value
