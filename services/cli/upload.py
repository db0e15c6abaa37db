"""`voxpop ingest`: a file's posts, sent to a running ingest service in bounded batches, and what became of them."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import httpx
import stamina
import typer
from rich.markup import escape
from rich.text import Text

from services.cli.client import ClientError, NoServerError, connect, detail_of
from services.cli.console import (
    SOME_FAILED,
    WRONG_USAGE,
    ColumnPairs,
    Json,
    Url,
    check_brand,
    err,
    out,
    print_json,
    progress_bar,
    reading,
    run,
    stop,
)
from shared.analyzed_post import Platform
from shared.printable import printable

if TYPE_CHECKING:
    from services.ingest.sources.dates import DateReader
    from services.ingest.sources.rows import FileSource, Row

BATCH_POSTS = 500
BATCH_BYTES = 256 * 2**10
"""About 500 short posts; of long ones fewer go at a time, so that a batch is read well within its deadline."""
MAX_POST_BYTES = 4 * 2**20
MAX_TEXT = 10_000
"""Characters that the service takes: a longer text is not sent to be refused."""
IN_FLIGHT = 2
PATIENCE_SECONDS = 30.0
CALL_SECONDS = 60.0
FIRST_REASONS = 10
_TRY_AGAIN = frozenset({429, 503})


TimeZone = Annotated[
    str | None,
    typer.Option("--time-zone", metavar="ZONE", help="of dates that name none: Europe/Berlin, +05:30 (default: UTC)"),
]


NoHeader = Annotated[
    bool, typer.Option("--no-header", help="CSV whose first row is a post: columns by number, --map text=3")
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="of a text file that is not UTF-8: cp1252, utf-16, shift-jis ...")
]


class _TryAgainError(Exception):
    """A connection failed, or the server asked to come back."""


@dataclass
class Tally:
    """What became of the rows; the three counts add up to the rows read."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)

    def reject(self, number: int, reason: str) -> None:
        """Count a row that was not taken, and keep the first reasons."""
        self.rejected += 1
        if len(self.reasons) < FIRST_REASONS:
            self.reasons.append(f"row {number}: {reason}")


def ingest(
    file: Annotated[str, typer.Argument(help="CSV, JSON, Parquet, or an export of Meta or X; - for stdin")],
    brand: Annotated[str, typer.Option(help="a slug: lower-case letters, digits, hyphens")],
    platform: Annotated[str | None, typer.Option(help="where no column says it: x, instagram, facebook ...")] = None,
    map_: ColumnPairs = None,
    no_header: NoHeader = False,
    encoding: Encoding = None,
    time_zone: TimeZone = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Import a file of posts. Running it again finishes what is missing and changes nothing else."""
    check_brand(brand)
    from services.ingest.sources.file import open_file
    from services.ingest.sources.rows import parse_mapping

    _check_platform(platform)
    dates = _dates_in(time_zone)
    stamina.instrumentation.set_on_retry_hooks([_say_that_it_waits])
    with reading(file):
        opened = open_file(
            file,
            parse_mapping(map_ or []),
            platform,
            sys.stdin.buffer,
            dates,
            has_header=not no_header,
            encoding=encoding,
        )
        tally: Tally = run(_upload_file(opened, file, brand, dates, url))
    if as_json:
        print_json(vars(tally))
    else:
        show_tally(tally)
    if tally.rejected:
        raise SystemExit(SOME_FAILED)


def show_tally(tally: Tally) -> None:
    """Print what became of an import."""
    counts = f"accepted {tally.accepted}  duplicates {tally.duplicates}  rejected {tally.rejected}"
    out.print(counts, highlight=False)
    for reason in tally.reasons:
        out.print(Text(f"  {reason}"))
    if tally.rejected > len(tally.reasons):
        out.print(f"  ... and {tally.rejected - len(tally.reasons)} more", highlight=False)


async def upload(
    rows: Iterable["Row"],
    brand: str,
    http: httpx.AsyncClient,
    progress: Callable[[Tally], None] = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> Tally:
    """Post the rows to `/v1/posts` through `http` (whose base URL is the ingest service), two batches at a time.

    Raises NoServerError after `patience` seconds without a connection or with 503 alone (what was acknowledged stays,
    running again sends the rest), ClientError where the server refuses.
    Rows are read as they are needed, so a file of any size takes the same memory.
    """
    tally = Tally()
    slots = asyncio.Semaphore(IN_FLIGHT)

    def finished(_: asyncio.Task[None]) -> None:
        slots.release()
        progress(tally)

    try:
        async with asyncio.TaskGroup() as tasks:
            for batch in _batches(rows, tally):
                await slots.acquire()
                task = tasks.create_task(_send(batch, brand, http, tally, patience))
                task.add_done_callback(finished)
    except* (NoServerError, ClientError) as failures:
        raise failures.exceptions[0] from None
    return tally


def _say_that_it_waits(details: stamina.instrumentation.RetryDetails) -> None:
    if details.retry_num == 1:
        err.print(f"no answer ({details.caused_by}); trying again for {PATIENCE_SECONDS:.0f} s", highlight=False)


def _check_platform(platform: str | None) -> None:
    if platform is not None and platform not in get_args(Platform):
        stop(f"--platform is one of {', '.join(get_args(Platform))}, not '{printable(platform)}'", WRONG_USAGE)


def _dates_in(time_zone: str | None) -> "DateReader":
    from services.ingest.sources.dates import DateReader
    from services.ingest.sources.time_zones import DateError, zone_named

    try:
        return DateReader(None if time_zone is None else zone_named(time_zone))
    except DateError as error:
        stop(f"--time-zone {error}", WRONG_USAGE)


async def _upload_file(
    opened: AbstractContextManager["FileSource"], file: str, brand: str, dates: "DateReader", url: str | None
) -> Tally:
    with opened as source:
        async with connect("ingest", url) as http:
            with progress_bar("rows" if file.endswith(".parquet") else "bytes") as bar:
                task = bar.add_task(escape(printable(Path(file).name)), total=source.total)
                tally = await upload(source.rows, brand, http, lambda _: bar.update(task, completed=source.position()))
        for note in (*source.notes(), *dates.notes()):
            err.print(Text(f"voxpop: {note}"), soft_wrap=True)
        return tally


def _batches(rows: Iterable["Row"], tally: Tally) -> Iterator[list["Row"]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        if row.post is None:
            tally.reject(row.number, row.reason)
            continue
        text = row.post.get("text")
        is_long = isinstance(text, str) and len(text) > MAX_TEXT
        length = 0 if is_long else len(_encoded(row.post))
        if is_long or length > MAX_POST_BYTES:
            tally.reject(row.number, f"text: should have at most {MAX_TEXT} characters")
            continue
        if batch and (len(batch) == BATCH_POSTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


async def _send(batch: list["Row"], brand: str, http: httpx.AsyncClient, tally: Tally, patience: float) -> None:
    body = _encoded({"brand": brand, "posts": [row.post for row in batch]})
    try:
        answer = await _answered(body, http, patience)
    except _TryAgainError as error:
        raise NoServerError(f"no answer from {http.base_url} for {patience:.0f} s ({error})") from None
    tally.accepted += answer["accepted"]
    tally.duplicates += answer["duplicates"]
    for rejection in answer["rejected"]:
        tally.reject(batch[rejection["index"]].number, rejection["reason"])


async def _answered(body: bytes, http: httpx.AsyncClient, patience: float) -> dict[str, Any]:
    async for attempt in stamina.retry_context(
        on=_TryAgainError, attempts=None, timeout=patience, wait_initial=0.2, wait_max=3.0, wait_jitter=0.5
    ):
        with attempt:
            return await _once(body, http)
    raise AssertionError("stamina either returns or raises")


async def _once(body: bytes, http: httpx.AsyncClient) -> dict[str, Any]:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            response = await http.post("/v1/posts", content=body, headers={"content-type": "application/json"})
    except (httpx.TransportError, TimeoutError) as error:
        raise _TryAgainError(type(error).__name__) from None
    if response.status_code in _TRY_AGAIN:
        raise _TryAgainError(f"status {response.status_code}: {detail_of(response)}")
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    raise ClientError(f"the server answered {response.status_code}: {detail_of(response)}")


def _encoded(value: Any) -> bytes:
    """Encode as JSON; lone surrogates and values that JSON lacks go as they can, for the service to reject by name."""
    return json.dumps(value, default=lambda _: {"not": "a JSON value"}).encode()
