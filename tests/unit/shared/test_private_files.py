"""Files for their owner alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.private_files import close_to_others, make_file, make_folder, opener
from shared.sqlite import open_sqlite


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a process leave others every right, some or none."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return who may do what with a file or folder."""
    return path.stat().st_mode & 0o777


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """Each that was missing is 0700; one that was there keeps its mode, and a file in the place is an error."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    make_folder(shared / "a" / "b")
    make_folder(shared / "a" / "b")
    assert [mode(shared), mode(shared / "a"), mode(shared / "a" / "b")] == [0o755, 0o700, 0o700]
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="folder"):
        make_folder(tmp_path / "file")


def test_files_are_made_and_mended(tmp_path: Path) -> None:
    """New ones are 0600, what stands in one that was there stays, and one that is missing is no error to close."""
    make_file(tmp_path / "new")
    with open(tmp_path / "opened", "w", opener=opener) as file:
        file.write("x")
    old = tmp_path / "old"
    old.write_text("kept")
    old.chmod(0o644)
    make_file(old)
    close_to_others(tmp_path / "missing")
    assert [mode(tmp_path / name) for name in ("new", "opened", "old")] == [0o600] * 3
    assert old.read_text() == "kept"


async def test_a_database_and_its_logs_are_for_their_owner(tmp_path: Path) -> None:
    """The file, the logs that SQLite makes beside it, and those of a file that an earlier version made."""
    path = tmp_path / "data" / "a.db"
    for _ in range(2):
        async with open_sqlite(path, "CREATE TABLE IF NOT EXISTS a (b INTEGER)") as database:
            await database.write(lambda connection: connection.execute("INSERT INTO a VALUES (1)"))
            files = sorted(one.name for one in path.parent.iterdir())
            assert files == ["a.db", "a.db-shm", "a.db-wal"]
            assert {mode(path.parent / name) for name in files} == {0o600}
        path.chmod(0o644)
    assert mode(path.parent) == 0o700
