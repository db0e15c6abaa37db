"""Huge pages for what a process holds from its start on: a model's weights above all.

A pass reads every weight, 22 MB in 5,600 pages of 4 KiB, more than a processor remembers the places of: looking them
up takes a tenth of the pass. Linux puts memory together into pages of 2 MiB where it is asked to; nothing else changes.
"""

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

HUGE_BYTES: Final = 2**21
_USED: Final = 0.9
"""Part of a stretch that is in use, at least: what is not takes memory too once it is in a huge page."""
_COLLAPSE, _MAY_COLLAPSE = 25, 14
"""MADV_COLLAPSE (Linux 6.1), at once; MADV_HUGEPAGE, by the kernel's own thread later."""
_HEAD_FIELDS: Final = 5
_NO_FILE: Final = "0"


def collapse() -> None:
    """Put the memory of this process that is in use into huge pages; where the system cannot, nothing happens.

    Takes a second for 2 GB, in which other threads that need memory wait.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with suppress(OSError), open("/proc/self/smaps", encoding="ascii", errors="replace") as smaps:  # noqa: PTH123 - a file of the kernel
        for start, end in list(stretches(smaps)):
            if madvise(start, end - start, _COLLAPSE):
                madvise(start, end - start, _MAY_COLLAPSE)


def stretches(smaps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the whole huge pages in private memory that is of no file and nearly all in use, in stretches (proc(5))."""
    start = end = 0
    for line in smaps:
        fields = line.split()
        if "-" in fields[0] and len(fields) >= _HEAD_FIELDS:
            start, end = (int(place, 16) for place in fields[0].split("-"))
            if not fields[1].startswith("rw") or not fields[1].endswith("p") or fields[4] != _NO_FILE:
                end = start
        elif fields[0] == "Rss:" and int(fields[1]) * 1024 >= _USED * (end - start):
            first, last = -(-start // HUGE_BYTES) * HUGE_BYTES, end // HUGE_BYTES * HUGE_BYTES
            if first < last:
                yield first, last
