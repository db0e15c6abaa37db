"""A server whose disk takes no more, as its callers see it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import PSEUDONYM_KEY, Server, every_profile

NO_MORE = 60_000
"""Bytes of a file: the logs of the stores have more after a few posts."""


def posts(first: int) -> dict[str, Any]:
    """Return a delivery of two hundred posts."""
    return {
        "brand": "aerolume",
        "posts": [
            {
                "platform": "x",
                "post_id": str(first + number),
                "author": {"id": str(number)},
                "text": "a private text: the flight was late again",
                "created_at": "2026-02-01T10:00:00Z",
            }
            for number in range(200)
        ],
    }


async def test_a_disk_that_takes_no_more_loses_nothing(
    start: Callable[..., Server], capfd: pytest.CaptureFixture[str]
) -> None:
    """503 with the remedy, readiness says so, and the same delivery counts once when there is room again."""
    server = await asyncio.to_thread(start, "data")
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        await http.post("/ingest/v1/posts", json=posts(0))
        server.limit_files(NO_MORE)
        refused = await http.post("/ingest/v1/posts", json=posts(1000))
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert int(refused.headers["retry-after"]) >= 1
        assert "look at the disk" in refused.json()["detail"]
        assert "SQLITE_IOERR" in refused.json()["detail"]
        assert "private" not in refused.text
        for service in ("profiles", "ingest"):
            unready = await http.get(f"/{service}/readyz")
            assert unready.status_code == 503
            assert "profiles" in unready.text or "look at the disk" in unready.text
        assert len(await every_profile(http, "aerolume")) == 200
        server.limit_files(-1)
        for service in ("profiles", "ingest"):
            assert (await http.get(f"/{service}/readyz")).status_code == 200
        for taken in ({"accepted": 200, "duplicates": 0}, {"accepted": 0, "duplicates": 200}):
            assert (await http.post("/ingest/v1/posts", json=posts(1000))).json() == taken | {"rejected": []}
        counted = await every_profile(http, "aerolume")
        assert {profile["posts"] for profile in counted.values()} == {2}
    said = capfd.readouterr().err
    assert '"SQLITE_IOERR_WRITE"' in said
    assert "store.recovered" in said
    assert "private" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("folder", "named"), [("file/data", "file"), ("taken", "profiles.db")])
def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path, folder: str, named: str) -> None:
    """`voxpop up` exits 2 and names it: a file where the folder should be, a folder where a database should be."""
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "profiles.db").mkdir(parents=True)
    command = [sys.executable, "-m", "services.cli", "up", "--port", "0", "--data-dir", str(tmp_path / folder)]
    environment = {**os.environ, "VOXPOP_PSEUDONYM_KEY": PSEUDONYM_KEY, "VOXPOP_LOG_LEVEL": "error"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
