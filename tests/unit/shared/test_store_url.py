"""Where a service keeps its data."""

from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.store_url import MongoUrl, SqliteUrl, parse_store_url

DEFAULT = Path("folder/profiles.db")


def test_a_store_that_is_not_set_is_the_default_file() -> None:
    """An empty setting is the SQLite file that the service names."""
    assert parse_store_url("PROFILES_STORE", "", DEFAULT) == SqliteUrl(DEFAULT)


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///var/profiles.db", Path("var/profiles.db")), ("sqlite:////var/profiles.db", Path("/var/profiles.db"))],
)
def test_three_slashes_are_relative_and_four_absolute(url: str, path: Path) -> None:
    """The path is what follows the third slash."""
    assert parse_store_url("PROFILES_STORE", url, DEFAULT) == SqliteUrl(path)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://host/voxpop",
        "mongodb+srv://cluster.example/voxpop",
        "mongodb://name:secret@a:27017,b:27017/voxpop?replicaSet=rs0",
        "mongodb://[::1]:27017/voxpop",
    ],
)
def test_a_mongodb_address_names_its_database(url: str) -> None:
    """The address is kept whole for the driver, its path is the database."""
    assert parse_store_url("PROFILES_STORE", url, DEFAULT) == MongoUrl(url, "voxpop")


def test_a_password_is_not_shown() -> None:
    """The repr of an address shows the database alone."""
    assert repr(parse_store_url("S", "mongodb://name:secret@host/voxpop", DEFAULT)) == "MongoUrl(database='voxpop')"


@pytest.mark.parametrize(
    "url",
    [
        "profiles.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://var/profiles.db",
        "postgresql://host/voxpop",
        "mongodb://name:secret@host",
        "mongodb://name:secret@host/",
        "mongodb://name:secret@host/a/b",
        "mongodb:///voxpop",
        "mongodb://name:secret@[::1/voxpop",
    ],
)
def test_anything_else_is_refused_with_the_two_forms(url: str) -> None:
    """The error names the setting and what it takes, and quotes no password."""
    with pytest.raises(SettingsError, match=r"^PROFILES_STORE must be sqlite:///path or mongodb://host/database$"):
        parse_store_url("PROFILES_STORE", url, DEFAULT)
