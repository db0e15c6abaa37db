"""What voxpop writes is for its owner alone, though the process may leave others every right."""

import gzip
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from services.ingest.sample import BRAND, sample_path
from tests.e2e.conftest import Server
from tests.e2e.test_migrate import voxpop


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    """Start servers and commands from a shell that hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_databases_keys_and_backups_are_for_their_owner(start: Callable[..., Server], tmp_path: Path) -> None:
    """Folders are 0700 and files 0600: databases with their logs, keys, tables for people and whole backups."""
    server = start("data", "--data-dir", str(tmp_path / "data" / "var"))
    posts = tmp_path / "posts.jsonl"
    with gzip.open(sample_path(), "rt", encoding="utf-8") as lines:
        posts.write_text("".join(islice(lines, 50)), encoding="utf-8")
    voxpop(tmp_path, "ingest", posts, "--brand", BRAND, "--url", server.url)
    voxpop(tmp_path, "export", BRAND, "-o", "out/backup/", "--url", server.url)
    voxpop(tmp_path, "export", BRAND, "-o", "out/posts.csv", "--of", "posts", "--url", server.url)
    written = [path for top in (tmp_path / "data" / "var", tmp_path / "out") for path in (top, *top.rglob("*"))]
    assert {path.name for path in written} >= {"profiles.db", "profiles.db-wal", "vault.key", "posts.csv", "posts"}
    open_to_others = {str(path): oct(path.stat().st_mode & 0o777) for path in written if path.stat().st_mode & 0o077}
    assert open_to_others == {}
