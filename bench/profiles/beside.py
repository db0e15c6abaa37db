"""Folding into SQLite by this tree beside another one of this project: slices that take turns, in one run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
SLICES = Path(__file__).with_name("slices.py")
TURNS = 31


def compare(other: Path) -> tuple[float, float]:
    """Return the median CPU milliseconds a post of this tree and of the other."""
    times: tuple[list[float], list[float]] = ([], [])
    with _slices(ROOT) as ours, _slices(other) as theirs:
        for turn in range(TURNS + 1):
            for found, process in zip(times, (ours, theirs), strict=True):
                took = _one(process)
                if turn:
                    found.append(took)
    return median(times[0]), median(times[1])


@contextmanager
def _slices(tree: Path) -> "Iterator[subprocess.Popen[str]]":
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, str(SLICES)], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _one(process: "subprocess.Popen[str]") -> float:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the pipes of a process that was started with them")
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())
