"""Where the settings say that profiles are kept."""

from pathlib import Path

import pytest

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from shared.errors import SettingsError
from shared.store_url import MongoUrl, SqliteUrl


def test_the_default_store_is_a_file_in_the_data_folder() -> None:
    """Without a setting profiles are kept in profiles.db of the data folder."""
    settings = ProfilesSettings(_env_file=None, data_dir=Path("kept"))
    assert settings.parsed_store() == SqliteUrl(Path("kept/profiles.db"))


def test_a_mongodb_url_names_the_database() -> None:
    """PROFILES_STORE may name a MongoDB database."""
    url = "mongodb://db:27017/voxpop"
    assert ProfilesSettings(_env_file=None, store=url).parsed_store() == MongoUrl(url, "voxpop")


def test_another_store_is_refused_at_once() -> None:
    """A store that is neither stops the construction of the app, and the sentence names the setting."""
    with pytest.raises(SettingsError, match="PROFILES_STORE"):
        create_app(ProfilesSettings(_env_file=None, store="postgres://db/voxpop"))
