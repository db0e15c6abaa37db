"""A backup and a migration, with the commands and services as people run them."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from services.ingest.sample import BRAND, sample_path
from tests.e2e.conftest import Server

POSTS = 300


def voxpop(folder: Path, *arguments: object) -> Any:
    """Run a command to its end, which must be a good one, and return the JSON that it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOXPOP", "PYTEST"))}
    command = [sys.executable, "-m", "services.cli", *map(str, arguments), "--json"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_brand_moves_by_backup_and_by_migration(start: Callable[..., Server], tmp_path: Path) -> None:
    """The restored and the migrated store answer as the first one did, and count none of its posts again."""
    posts = tmp_path / "posts.jsonl"
    with gzip.open(sample_path(), "rt", encoding="utf-8") as lines:
        posts.write_text("".join(islice(lines, POSTS)), encoding="utf-8")
    first = start("first")
    tally = voxpop(tmp_path, "ingest", posts, "--brand", BRAND, "--url", first.url)
    with httpx.Client(trust_env=False, timeout=60) as http:
        summary = http.get(f"{first.url}/profiles/v1/brands/{BRAND}/summary").json()
        voxpop(tmp_path, "export", BRAND, "-o", "backup/", "--url", first.url)

        second = start("second")
        restored = voxpop(tmp_path, "import", BRAND, "backup", "--url", second.url)
        assert restored["posts"]["restored"] == tally["accepted"] == summary["posts"]
        assert http.get(f"{second.url}/profiles/v1/brands/{BRAND}/summary").json() == summary

        (tmp_path / "third").mkdir()
        stores = [f"sqlite:///{tmp_path}/{name}/profiles.db" for name in ("first", "third")]
        moved = voxpop(tmp_path, "migrate", *stores)
        assert (moved["brands"], moved["posts"]) == (1, tally["accepted"])
        third = start("third")
        assert http.get(f"{third.url}/profiles/v1/brands/{BRAND}/summary").json() == summary
    again = voxpop(tmp_path, "ingest", posts, "--brand", BRAND, "--url", third.url)
    assert (again["accepted"], again["duplicates"]) == (0, tally["accepted"])
