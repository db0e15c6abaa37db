"""What keeps every test apart from the machine that it runs on."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

settings.register_profile("voxpop", deadline=None)
settings.load_profile("voxpop")

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
