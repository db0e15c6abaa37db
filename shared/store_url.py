"""Where a service keeps its data: `sqlite:///path` or `mongodb://host/database`."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import SettingsError


@dataclass(frozen=True)
class SqliteUrl:
    """A database file."""

    path: Path


@dataclass(frozen=True)
class MongoUrl:
    """A MongoDB server with the database to use; `url` may hold a password and is not shown."""

    url: str
    database: str

    def __repr__(self) -> str:
        """Show the database alone."""
        return f"MongoUrl(database={self.database!r})"


def parse_store_url(setting: str, url: str, default: Path) -> SqliteUrl | MongoUrl:
    """Return what `url` names, a SQLite file at `default` where it is empty.

    `setting` is the variable that an error should mention. `sqlite:///var/profiles.db` is relative to the
    working folder, `sqlite:////var/profiles.db` is absolute. Raises SettingsError.
    """
    if not url:
        return SqliteUrl(default)
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return SqliteUrl(Path(url.removeprefix("sqlite:///")))
    if url.startswith(("mongodb://", "mongodb+srv://")):
        with suppress(ValueError):
            parts = urlsplit(url)
            database = parts.path.strip("/")
            if parts.netloc and database and "/" not in database:
                return MongoUrl(url, database)
    raise SettingsError(f"{setting} must be sqlite:///path or mongodb://host/database")
