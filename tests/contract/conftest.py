"""What the contract suites run on: a fresh SQLite file or MongoDB database for a test that asks for one."""

from pathlib import Path

import pytest

from shared.store_url import MongoUrl, SqliteUrl


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteUrl | MongoUrl:
    """Return the place of an empty store, once in SQLite and once in MongoDB."""
    if request.param == "sqlite":
        return SqliteUrl(tmp_path / "store.db")
    url: MongoUrl = request.getfixturevalue("mongo_url")
    return url
