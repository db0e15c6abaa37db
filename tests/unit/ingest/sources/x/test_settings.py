"""X's settings: secrets from the environment or from files, and never shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.ingest.sources.base import CredentialError
from services.ingest.sources.x.settings import XSettings

SECRETS = ("X_BEARER_TOKEN", "X_API_KEY", "X_API_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET")


def test_secrets_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its variable, and `repr` shows none."""
    for name in SECRETS:
        monkeypatch.setenv(name, f"secret-of-{name}")
    settings = XSettings()
    assert settings.require_x_bearer() == "secret-of-X_BEARER_TOKEN"
    assert settings.require_x_account() == tuple(f"secret-of-{name}" for name in SECRETS[1:])
    assert "secret-of" not in repr(settings) + str(settings)


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """A line's end in the file is no part of the secret."""
    path = tmp_path / "secret"
    path.write_text("from-a-file\n")
    monkeypatch.setenv(f"{name}_FILE", str(path))
    assert getattr(XSettings(), name.lower()).get_secret_value() == "from-a-file"


@pytest.mark.parametrize("content", [None, "", "two words", "grün", "x" * 5000])
def test_a_file_that_holds_no_secret_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    """And what it holds is not shown."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("X_API_SECRET_FILE", str(path))
    with pytest.raises(ValidationError) as raised:
        XSettings()
    assert "X_API_SECRET_FILE" in str(raised.value)
    assert not content or content not in str(raised.value)


def test_a_variable_and_its_file_are_ambiguous(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both at once are refused."""
    path = tmp_path / "secret"
    path.write_text("one")
    monkeypatch.setenv("X_BEARER_TOKEN_FILE", str(path))
    monkeypatch.setenv("X_BEARER_TOKEN", "other")
    with pytest.raises(ValidationError, match="X_BEARER_TOKEN_FILE and X_BEARER_TOKEN are both set"):
        XSettings()


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "grün"])
def test_a_secret_that_no_header_holds_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Without being shown."""
    monkeypatch.setenv("X_BEARER_TOKEN", value)
    with pytest.raises(ValidationError) as raised:
        XSettings()
    assert "X_BEARER_TOKEN" in str(raised.value)
    assert value not in str(raised.value)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value counts as none."""
    monkeypatch.setenv("X_BEARER_TOKEN", "")
    monkeypatch.setenv("X_API_KEY", "key")
    with pytest.raises(CredentialError, match="X_BEARER_TOKEN is not set"):
        XSettings().require_x_bearer()
    with pytest.raises(CredentialError, match="X_API_SECRET and X_ACCESS_TOKEN and X_ACCESS_TOKEN_SECRET not set"):
        XSettings().require_x_account()


@pytest.mark.parametrize("value", ["api.twitter.com", "https://localhost:1", "a b:1", "host:port"])
def test_a_sandbox_is_a_host_and_a_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Anything else is refused by name."""
    monkeypatch.setenv("X_SANDBOX", value)
    with pytest.raises(ValidationError, match="X_SANDBOX"):
        XSettings()


def test_a_sandbox_wants_its_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it no connection could be trusted."""
    monkeypatch.setenv("X_SANDBOX", "127.0.0.1:8443")
    with pytest.raises(ValidationError, match="X_SANDBOX_CA"):
        XSettings()
