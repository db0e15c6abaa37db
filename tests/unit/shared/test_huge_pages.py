"""Memory in huge pages."""

import mmap
import sys
from pathlib import Path

import pytest

from shared.huge_pages import HUGE_BYTES, collapse, stretches

MIB = 2**20


def region(start: int, size: int, used: int, *, flags: str = "rw-p", inode: int = 0, name: str = "") -> str:
    """Return a region as Linux describes one, of so many bytes, so many of them in use."""
    head = f"{start:x}-{start + size:x} {flags} 00000000 00:00 {inode} {name}"
    return f"{head}\nSize: {size // 1024} kB\nRss: {used // 1024} kB\nPss: 4 kB\nVmFlags: rd wr mr mw me ac\n"


@pytest.mark.parametrize(
    ("described", "found"),
    [
        (region(64 * MIB, 8 * MIB, 8 * MIB), [(64 * MIB, 72 * MIB)]),
        (region(65 * MIB, 8 * MIB, 8 * MIB, name="[heap]"), [(66 * MIB, 72 * MIB)]),
        (region(65 * MIB, 2 * MIB, 2 * MIB), []),
        (region(64 * MIB, 8 * MIB, MIB // 8), []),
        (region(64 * MIB, 8 * MIB, 8 * MIB, flags="r--p"), []),
        (region(64 * MIB, 8 * MIB, 8 * MIB, flags="rw-s"), []),
        (region(64 * MIB, 8 * MIB, 8 * MIB, inode=42, name="/var/lib/voxpop-0/a-b.db"), []),
        (region(64 * MIB, 0, 0), []),
    ],
)
def test_only_memory_of_its_own_that_is_in_use_is_taken(described: str, found: list[tuple[int, int]]) -> None:
    """Whole huge pages of it: a thread's stack, of which little is used, would take all of its room."""
    assert list(stretches(described.splitlines())) == found
    beside = region(128 * MIB, 2 * MIB, 2 * MIB)
    assert list(stretches((described + beside).splitlines())) == [*found, (128 * MIB, 130 * MIB)]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says what a process holds")
def test_memory_stays_as_it_is() -> None:
    """Every byte reads as before, and can be written."""
    with mmap.mmap(-1, 4 * HUGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(bytes(range(256)) * (4 * HUGE_BYTES // 256))
        assert any(stretches(Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace").splitlines()))
        collapse()
        assert memory[:] == bytes(range(256)) * (4 * HUGE_BYTES // 256)
        memory[5] = 7
        assert memory[4:7] == b"\x04\x07\x06"
