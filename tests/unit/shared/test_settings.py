"""Settings common to the four services."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.access import Scope, digest_of
from shared.errors import SettingsError
from shared.settings import ServiceSettings, is_loopback, require_key

SECRET = "4f1d2c3b5a69788796a5b4c3d2e1f00f"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound
KEYS = f"web:read:{digest_of('web')}"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_is_this_machine_alone(host: str) -> None:
    """All of 127/8, ::1 and localhost are loopback."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [EVERYWHERE, "::", "", "10.0.0.1", "192.168.1.2", "example.org", "127.0.0.1.example.org", "localhost.org"]
)
def test_everything_else_is_not_loopback(host: str) -> None:
    """An unspecified address, a private one and a name can be reached from outside."""
    assert not is_loopback(host)


def test_off_loopback_without_keys_is_refused_with_the_remedy() -> None:
    """The error names the host, the command that makes a key and the setting that takes it."""
    with pytest.raises(SettingsError) as caught:
        ServiceSettings(host=EVERYWHERE).keyring()
    for part in (EVERYWHERE, "voxpop key new", "VOXPOP_API_KEYS", "127.0.0.1"):
        assert part in caught.value.detail


def test_a_service_key_alone_does_not_open_the_network() -> None:
    """Off loopback the services' own key is no reason to start without clients' keys."""
    with pytest.raises(SettingsError, match="without API keys"):
        ServiceSettings(host=EVERYWHERE, service_key=SECRET).keyring()


def test_on_loopback_no_keys_let_everybody_in() -> None:
    """One's own machine needs no key, though a service key is set."""
    assert not ServiceSettings(host="127.0.0.1", service_key=SECRET).keyring()


def test_the_service_key_joins_the_ring_as_an_internal_admin() -> None:
    """With clients' keys set, services get in by their own key, with every scope and marked internal."""
    ring = ServiceSettings(host=EVERYWHERE, api_keys=KEYS, service_key=SECRET).keyring()
    client, service = ring.find("web"), ring.find(SECRET)
    assert client is not None
    assert not client.internal
    assert service is not None
    assert service.internal
    assert service.allows(Scope.WRITE)


def test_keys_are_checked_on_loopback_too() -> None:
    """A malformed entry never starts a service."""
    with pytest.raises(SettingsError, match="VOXPOP_API_KEYS, entry 1"):
        ServiceSettings(host="127.0.0.1", api_keys="web").keyring()


@pytest.mark.parametrize(
    "value",
    ["", "short", SECRET[:31], "a" * 64, "abcabc" * 8, "please-CHANGEME-0123456789abcdefgh", "change-me-" + SECRET],
)
def test_a_short_or_default_key_is_refused(value: str) -> None:
    """The error names the setting and the remedy, and does not quote the key."""
    with pytest.raises(SettingsError, match="openssl rand") as caught:
        ServiceSettings(api_keys=KEYS, service_key=value).keyring()
    assert "VOXPOP_SERVICE_KEY" in caught.value.detail
    assert len(value) < 10 or value not in caught.value.detail


@pytest.mark.parametrize("value", [SECRET, "äöüßéèêç" * 2, "A long passphrase of many words is fine"])
def test_a_long_key_is_taken_as_it_is(value: str) -> None:
    """Thirty-two bytes of UTF-8 are enough."""
    assert require_key("ANY", value) == value


def test_variables_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's names are those that the contract lists."""
    monkeypatch.setenv("VOXPOP_HOST", "::1")
    monkeypatch.setenv("VOXPOP_DATA_DIR", "elsewhere")
    monkeypatch.setenv("VOXPOP_SERVICE_KEY", SECRET)
    monkeypatch.setenv("PROFILES_URL", "http://profiles.internal")
    settings = ServiceSettings()
    assert settings.host == "::1"
    assert settings.data_dir == Path("elsewhere")
    assert settings.service_key is not None
    assert settings.service_key.get_secret_value() == SECRET
    assert settings.profiles_url == "http://profiles.internal"


def test_a_fields_plain_name_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`HOST` or `API_KEYS` in an environment or a `.env` file belongs to something else."""
    monkeypatch.setenv("HOST", "x86_64-conda-linux-gnu")
    monkeypatch.setenv("API_KEYS", "theirs")
    Path(".env").write_text("RATE_LIMIT=theirs\nLOG_LEVEL=theirs\nVOXPOP_DATA_DIR=ours\nUNKNOWN=1\n")
    settings = ServiceSettings()
    assert settings.host == "127.0.0.1"
    assert settings.api_keys == ""
    assert settings.rate_limit == "1200/minute"
    assert settings.log_level == "INFO"
    assert settings.data_dir == Path("ours")


def test_an_argument_wins_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command line says comes first, then the environment, then `.env`."""
    Path(".env").write_text("VOXPOP_HOST=10.0.0.1\nVOXPOP_LOG_LEVEL=ERROR\nVOXPOP_RATE_LIMIT=1/hour\n")
    monkeypatch.setenv("VOXPOP_HOST", "10.0.0.2")
    monkeypatch.setenv("VOXPOP_LOG_LEVEL", "DEBUG")
    settings = ServiceSettings(host="127.0.0.1")
    assert (settings.host, settings.log_level, settings.rate_limit) == ("127.0.0.1", "DEBUG", "1/hour")


def test_no_secret_shows_in_the_settings() -> None:
    """Neither repr, nor str, nor a dump to JSON shows the service key."""
    settings = ServiceSettings(service_key=SECRET)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in shown


def test_no_value_shows_in_a_validation_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable; what it held may be a secret in the wrong place."""
    monkeypatch.setenv("VOXPOP_MAX_BODY_BYTES", SECRET)
    with pytest.raises(ValidationError) as caught:
        ServiceSettings()
    assert "VOXPOP_MAX_BODY_BYTES" in str(caught.value)
    assert SECRET not in str(caught.value)
