"""What the tests of the worker compute; a worker process imports this module."""

import os
import signal
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from services.clusters.bases.basis import CannotTrainError
from services.clusters.worker import Advance, TableFile


def doubled(advance: Advance, table: pa.Table) -> pa.Table:
    """Return a table with its numbers doubled."""
    advance("doubling", 0.5)
    numbers = pc.multiply(table["number"], 2)
    advance("doubling", 1.0)
    return pa.table({"number": numbers})


def total(_: Advance, file: TableFile) -> int:
    """Return the sum of a file's numbers."""
    found: int = pc.sum(file.read()["number"]).as_py()
    return found


def process_id(_: Advance) -> int:
    """Return which process computes."""
    return os.getpid()


def manners(_: Advance) -> tuple[int, str]:
    """Return how nice the process is and how many threads it may take."""
    return os.nice(0), os.environ["OMP_NUM_THREADS"]


def endless(advance: Advance) -> NoReturn:
    """Say which process it is, then never end."""
    advance(str(os.getpid()), 0.0)
    while True:
        signal.pause()


def talkative(advance: Advance, times: int) -> None:
    """Tell progress that often."""
    for number in range(times):
        advance("talking", number / times)


def killed(_: Advance, *_arguments: object) -> None:
    """End as a process without memory is ended."""
    os.kill(os.getpid(), signal.SIGKILL)


def refused(_: Advance) -> NoReturn:
    """Raise an error of ours."""
    raise CannotTrainError("three authors are too few")


def broken(_: Advance, row: str) -> NoReturn:
    """Raise an error that quotes a row."""
    raise ValueError(row)


def unsendable(_: Advance) -> object:
    """Return what cannot be pickled."""
    return lambda: None


def noted(_: Advance, path: Path) -> None:
    """Print and leave a mark."""
    print("a library that prints")  # noqa: T201 - what libraries do
    path.write_text("done")
