"""What keeps every test apart from the machine that it runs on."""

import functools
import logging
import os
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
import structlog
from hypothesis import settings

from shared.store_url import MongoUrl
from tests.unit.ingest.virtual_clock import VirtualClock

settings.register_profile("voxpop", deadline=None)
# CI judges a change, not its luck: there examples are the same at every run. Elsewhere they are new at each.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "voxpop")

OURS = (
    "VOXPOP_",
    "INGEST_",
    "SENTIMENT_",
    "EMBEDDING_",
    "PROFILES_",
    "CLUSTERS_",
    "X_",
    "BLUESKY_",
    "MASTODON_",
    "INSTAGRAM_",
    "FACEBOOK_",
    "FEED_",
    "REPLIES_",
    "TICKETS_",
)


@pytest.fixture(autouse=True, scope="session")
def _one_tls_context() -> Iterator[None]:
    """Make each TLS context once: to read the world's authorities takes longer than most tests do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder (no `.env`), with no variable that voxpop reads."""
    for name in os.environ:
        if name.startswith(OURS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Put back what a command of ours sets up for the whole process: it writes to a stream that ends with its test."""
    root, httpx_log = logging.getLogger(), logging.getLogger("httpx")
    handlers, levels = root.handlers[:], (root.level, httpx_log.level)
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers = handlers
        root.setLevel(levels[0])
        httpx_log.setLevel(levels[1])


@pytest.fixture
async def clock() -> VirtualClock:
    """Return a clock that moves on order."""
    return VirtualClock()


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
