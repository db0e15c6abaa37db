"""What the contract suites run on: a fresh SQLite file or MongoDB database for a test that asks for one."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest

from shared.store_url import MongoUrl, SqliteUrl


@pytest.fixture
def mongo_url() -> Iterator[MongoUrl]:
    """Yield a database of its own on the server that MONGODB_TEST_URL names, dropped after the test."""
    server = os.environ.get("MONGODB_TEST_URL")
    if not server:
        pytest.fail("MONGODB_TEST_URL is not set: run `make test-mongo`, which finds or starts a server")
    database = f"voxpop_test_{uuid.uuid4().hex}"
    base, _, options = server.partition("?")
    scheme, _, rest = base.partition("://")
    url = f"{scheme}://{rest.partition('/')[0]}/{database}" + (f"?{options}" if options else "")
    yield MongoUrl(url, database)
    with pymongo.MongoClient[dict[str, object]](url) as client:
        client.drop_database(database)


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteUrl | MongoUrl:
    """Return the place of an empty store, once in SQLite and once in MongoDB."""
    if request.param == "sqlite":
        return SqliteUrl(tmp_path / "store.db")
    url: MongoUrl = request.getfixturevalue("mongo_url")
    return url
