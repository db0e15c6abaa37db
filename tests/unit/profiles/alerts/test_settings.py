"""The settings of alerts."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.profiles.alerts.settings import AlertSettings
from shared.errors import SettingsError

KEY = "0123456789abcdef-a-key-of-tests-0123456789"


def test_by_default_there_is_no_key(tmp_path: Path) -> None:
    """An hour has finished ten minutes after its end; on loopback webhooks may be anywhere."""
    settings = AlertSettings(_env_file=None, data_dir=tmp_path)
    assert settings.webhook_secret() is None
    assert settings.alert_delay() == timedelta(minutes=10)
    assert settings.webhooks_anywhere()


def test_off_loopback_webhooks_are_of_the_internet() -> None:
    """Unless a setting says otherwise."""
    assert not AlertSettings(_env_file=None, host="0.0.0.0").webhooks_anywhere()  # noqa: S104 - nothing listens
    assert AlertSettings(_env_file=None, host="0.0.0.0", webhook_anywhere=True).webhooks_anywhere()  # noqa: S104


def test_the_key_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's last line end is not part of it."""
    monkeypatch.setenv("PROFILES_WEBHOOK_KEY", KEY)
    assert AlertSettings(_env_file=None).webhook_secret() == KEY.encode()
    monkeypatch.delenv("PROFILES_WEBHOOK_KEY")
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("PROFILES_WEBHOOK_KEY_FILE", str(tmp_path / "key"))
    assert AlertSettings(_env_file=None).webhook_secret() == KEY.encode()


def test_a_key_that_will_not_do_is_named_and_not_shown(tmp_path: Path) -> None:
    """Too short, set twice, or in a file that cannot be read."""
    (tmp_path / "weak").write_text("secret")
    wrong = [
        AlertSettings(_env_file=None, webhook_key=SecretStr("secret")),
        AlertSettings(_env_file=None, webhook_key=SecretStr(KEY), webhook_key_file=tmp_path / "weak"),
        AlertSettings(_env_file=None, webhook_key_file=tmp_path / "weak"),
        AlertSettings(_env_file=None, webhook_key_file=tmp_path / "missing"),
    ]
    for settings in wrong:
        with pytest.raises(SettingsError, match="PROFILES_WEBHOOK_KEY") as caught:
            settings.webhook_secret()
        assert "secret" not in str(caught.value) + repr(settings)
