"""What the profiles service can be told by its environment."""

from datetime import timedelta

from pydantic import Field

from services.profiles.alerts.settings import AlertSettings
from services.profiles.assigned_run import KEPT_RUNS
from shared.store_url import MongoUrl, SqliteUrl, parse_store_url


class ProfilesSettings(AlertSettings):
    """The settings of every service, of alerts and imports, and where profiles are kept."""

    store: str = Field(
        "",
        alias="PROFILES_STORE",
        repr=False,
        description="sqlite:///path or mongodb://host/database; default: profiles.db in the data folder",
    )

    text_days: int = Field(
        30,
        alias="PROFILES_TEXT_DAYS",
        ge=1,
        le=3650,
        description="how many days a post's cleaned text and analysis are kept, counted from storing",
    )

    kept_runs: int = Field(
        KEPT_RUNS,
        alias="PROFILES_KEPT_RUNS",
        ge=1,
        le=1000,
        description="runs of a brand and basis whose assignments are kept, the one shown among them",
    )

    import_mib: int = Field(
        4096, alias="PROFILES_IMPORT_MIB", ge=1, le=2**20, description="MiB of an imported file; larger ones are 413"
    )

    exports: int = Field(
        4, alias="PROFILES_EXPORTS", ge=1, le=1000, description="exports that are sent at once; more get 503"
    )

    def text_time(self) -> timedelta:
        """Return how long texts and analyses are kept."""
        return timedelta(days=self.text_days)

    @property
    def import_bytes(self) -> int:
        """Return how large an imported file may be."""
        return self.import_mib * 2**20

    def parsed_store(self) -> SqliteUrl | MongoUrl:
        """Return where profiles are kept; raises SettingsError where the setting is neither form."""
        return parse_store_url("PROFILES_STORE", self.store, self.data_dir / "profiles.db")
