"""Where sent files are kept."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from services.profiles.transfer.spool import PIECE_BYTES, ImportSpool, ImportTooLargeError
from shared.errors import OverloadedError


async def sent(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body."""
    for piece in pieces:
        yield piece


async def test_a_file_is_what_was_sent_and_has_no_name(tmp_path: Path) -> None:
    """So a process that is killed leaves none behind, though it holds texts."""
    pieces = [bytes([number]) * (PIECE_BYTES // 3) for number in range(8)]
    async with ImportSpool(tmp_path / "spool", 10**9).received(sent(pieces)) as file:
        assert file.read() == b"".join(pieces)
        assert not list((tmp_path / "spool").iterdir())


async def test_a_file_may_be_as_large_as_the_setting_says_and_no_larger(tmp_path: Path) -> None:
    """To the byte; the sentence names the setting, and the spool is free again."""
    spool = ImportSpool(tmp_path, 10)
    async with spool.received(sent([b"12345", b"67890"])) as file:
        assert len(file.read()) == 10
    with pytest.raises(ImportTooLargeError, match="PROFILES_IMPORT_MIB"):
        async with spool.received(sent([b"12345", b"678901"])):
            raise AssertionError("not reached")
    async with spool.received(sent([])) as file:
        assert file.read() == b""


async def test_a_full_disk_is_told_apart_from_a_wrong_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender may try again once there is room."""

    class _FullDisk:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            return None

    spool = ImportSpool(tmp_path, 10)
    monkeypatch.setattr(spool, "_new_file", _FullDisk)
    with pytest.raises(OverloadedError, match="no room"):
        async with spool.received(sent([b"1"])):
            raise AssertionError("not reached")
