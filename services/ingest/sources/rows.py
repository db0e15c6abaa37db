"""What every kind of file gives: rows, each a post or the reason why it is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


class FileError(ValueError):
    """The file cannot be read as what it is; the sentence says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One row's post, or the reason why it is none; `number` counts data rows from 1."""

    number: int
    post: dict[str, Any] | None
    reason: str = ""


@dataclass(frozen=True)
class FileSource:
    """An open file: `rows` yields each row once; `total` and `position` are in the same unit, for progress."""

    rows: Iterator[Row]
    total: int | None
    position: Callable[[], int]
