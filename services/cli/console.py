"""The terminal: options that commands share, exit codes, and what is printed."""

import json
import re
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from services.cli.client import ClientError, NoServerError
from shared.brand import BRAND_PATTERN
from shared.errors import PeerError, SettingsError
from shared.printable import printable

SOME_FAILED, WRONG_USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130
"""Exit codes beside 0."""

Url = Annotated[
    str | None,
    typer.Option(help="where `voxpop up` or a gateway answers  [default: 127.0.0.1:8000]", envvar="VOXPOP_URL"),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Host = Annotated[str | None, typer.Option(help="address to listen on  [default: 127.0.0.1]")]
ColumnPairs = Annotated[list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="repeatable")]

out = Console()
err = Console(stderr=True)


def stop(sentence: str, code: int) -> NoReturn:
    """End the command with a sentence on stderr."""
    err.print(Text(f"voxpop: {printable(sentence, len(sentence))}"), soft_wrap=True)
    raise SystemExit(code)


@contextmanager
def exit_codes() -> Iterator[None]:
    """End the command with one sentence and the code of what was raised inside."""
    try:
        yield
    except SettingsError as error:
        stop(error.detail, WRONG_USAGE)
    except PeerError as error:
        stop(error.detail, UNREACHABLE)
    except NoServerError as error:
        stop(str(error), UNREACHABLE)
    except ClientError as error:
        stop(str(error), SOME_FAILED)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


@contextmanager
def reading(file: str) -> Iterator[None]:
    """End the command with one sentence where the posts of a file cannot be read."""
    from services.ingest.sources.rows import ColumnError, FileError

    try:
        yield
    except (ColumnError, FileError) as error:
        stop(f"{file}: {error}", WRONG_USAGE)
    except OSError as error:
        stop(f"{error.filename or file}: {error.strerror or error}", WRONG_USAGE)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine and return its result; an error that a task group wrapped comes out as itself."""
    try:
        return uvloop.run(work)
    except BaseExceptionGroup as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        raise inner from None


def check_brand(brand: str) -> None:
    """End the command where `brand` is no slug."""
    if not re.fullmatch(BRAND_PATTERN, brand):
        stop("a brand is 1 to 63 lower-case letters, digits and hyphens, no hyphen first", WRONG_USAGE)


def print_json(value: Any) -> None:
    """Print a value for another program to read."""
    sys.stdout.write(json.dumps(value) + "\n")


def progress_bar(unit: str) -> Progress:
    """Return a progress bar on stderr; off a terminal it stays silent."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    return Progress(*columns, TimeElapsedColumn(), console=err, disable=not err.is_terminal, transient=True)
