"""The settings of alerts."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from shared.errors import SettingsError
from shared.settings import ServiceSettings, is_loopback, require_key

_KEY = "PROFILES_WEBHOOK_KEY"


class AlertSettings(ServiceSettings):
    """The common settings and those of alerts."""

    webhook_key: SecretStr | None = Field(
        None, alias=_KEY, description="signs every alert that is delivered, at least 32 bytes; without it none is"
    )
    webhook_key_file: Path | None = Field(None, alias=f"{_KEY}_FILE", description="a file that holds it")
    webhook_anywhere: bool = Field(
        default=False,
        alias="PROFILES_WEBHOOK_ANYWHERE",
        description="deliver to http and to addresses inside networks too, as a service on loopback always does",
    )
    alert_delay_minutes: int = Field(
        10,
        alias="PROFILES_ALERT_DELAY_MINUTES",
        ge=0,
        le=1440,
        description="minutes after its end at which an hour counts as finished and is judged",
    )

    def webhook_secret(self) -> bytes | None:
        """Return the key that signs deliveries; raises SettingsError where it is weak, unreadable or set twice."""
        if self.webhook_key is not None and self.webhook_key_file is not None:
            raise SettingsError(f"{_KEY} and {_KEY}_FILE are both set: unset one")
        if self.webhook_key is not None:
            return require_key(_KEY, self.webhook_key.get_secret_value()).encode()
        if self.webhook_key_file is None:
            return None
        try:
            text = self.webhook_key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{_KEY}_FILE: the file cannot be read ({type(error).__name__})") from None
        return require_key(f"{_KEY}_FILE", text).encode()

    def webhooks_anywhere(self) -> bool:
        """Tell whether alerts may be delivered inside networks: where it is allowed, or on one's own machine."""
        return self.webhook_anywhere or is_loopback(self.host)

    def alert_delay(self) -> timedelta:
        """Return after how long an hour counts as finished."""
        return timedelta(minutes=self.alert_delay_minutes)
