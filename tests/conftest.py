"""What keeps every test apart from the machine that it runs on."""

import os
from pathlib import Path

import pytest
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
