"""Settings of Facebook's and Instagram's sources."""

from pathlib import Path

import pytest

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.meta.settings import FacebookSettings, InstagramSettings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FacebookSettings.model_fields, *InstagramSettings.model_fields):
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_token_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both name the same variable, blanks around a token are no part of it, and nothing prints it."""
    monkeypatch.setenv("FACEBOOK_PAGE_TOKEN", " EAAG ")
    settings = FacebookSettings()
    assert settings.facebook_access().token.get_secret_value() == "EAAG"
    assert "EAAG" not in repr(settings)
    monkeypatch.delenv("FACEBOOK_PAGE_TOKEN")
    path = tmp_path / "token"
    path.write_text("EAAF\n")
    monkeypatch.setenv("FACEBOOK_PAGE_TOKEN_FILE", str(path))
    assert FacebookSettings().facebook_access().token.get_secret_value() == "EAAF"


@pytest.mark.parametrize("content", [b"", b"\xff", b"two\nlines", "tök".encode()])
def test_a_token_that_cannot_be_one_names_its_variable(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A blank or torn token is told before anything is asked, without being quoted."""
    path = tmp_path / "token"
    path.write_bytes(content)
    monkeypatch.setenv("INSTAGRAM_ACCESS_TOKEN_FILE", str(path))
    with pytest.raises(CredentialError, match="INSTAGRAM_ACCESS_TOKEN"):
        InstagramSettings().instagram_access()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each sentence names the variable that is not set."""
    with pytest.raises(CredentialError, match="FACEBOOK_PAGE_TOKEN is not set"):
        FacebookSettings().facebook_access()
    with pytest.raises(CredentialError, match="INSTAGRAM_ACCESS_TOKEN is not set"):
        InstagramSettings().instagram_access()
    monkeypatch.setenv("INSTAGRAM_ACCESS_TOKEN", "EAAG")
    with pytest.raises(CredentialError, match="INSTAGRAM_USER_ID is not set"):
        InstagramSettings().instagram_access()
    monkeypatch.setenv("INSTAGRAM_ACCESS_TOKEN_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("INSTAGRAM_ACCESS_TOKEN")
    with pytest.raises(CredentialError, match="cannot be read"):
        InstagramSettings().instagram_access()


def test_instaloader_is_off_until_somebody_turns_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off, the sentence says why; on, a visitor needs nothing, and half a login is told."""
    with pytest.raises(SourceRefusedError, match="INSTAGRAM_CAPTIONS=true"):
        InstagramSettings().instagram_session()
    monkeypatch.setenv("INSTAGRAM_CAPTIONS", "true")
    assert InstagramSettings().instagram_session() is None
    monkeypatch.setenv("INSTAGRAM_SESSION_USER", "ana")
    with pytest.raises(CredentialError, match="go together"):
        InstagramSettings().instagram_session()
    monkeypatch.setenv("INSTAGRAM_SESSION_FILE", "session")
    session = InstagramSettings().instagram_session()
    assert session is not None
    assert "ana" not in repr(session)
