"""Sends a source's posts to a running ingest service in bounded batches, and adds up what became of them."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import stamina

from services.ingest.sources.file import Row

BATCH_POSTS = 500
BATCH_BYTES = 256 * 2**10
"""About 500 short posts; of long ones fewer go at a time, so that a batch is read well within its deadline."""
MAX_POST_BYTES = 4 * 2**20
IN_FLIGHT = 2
PATIENCE_SECONDS = 30.0
CALL_SECONDS = 60.0
FIRST_REASONS = 10
_TRY_AGAIN = frozenset({429, 503})


class UnreachableError(Exception):
    """The server could not be reached for 30 s; what was acknowledged stays, running again sends the rest."""


class RefusedError(Exception):
    """The server answered that it will not take posts; the sentence is its own."""


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


async def upload(
    rows: Iterable[Row],
    brand: str,
    http: httpx.AsyncClient,
    progress: Callable[[Tally], None] = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> Tally:
    """Post the rows to `/v1/posts` through `http` (whose base URL is the ingest service), two batches at a time.

    Raises UnreachableError after `patience` seconds without a connection or with 503 alone, RefusedError where
    the server refuses. Rows are read as they are needed, so a file of any size takes the same memory.
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
    except* (UnreachableError, RefusedError) as failures:
        raise failures.exceptions[0] from None
    return tally


def _batches(rows: Iterable[Row], tally: Tally) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        if row.post is None:
            tally.reject(row.number, row.reason)
            continue
        length = len(_encoded(row.post))
        if length > MAX_POST_BYTES:
            tally.reject(row.number, "text: should have at most 10000 characters")
            continue
        if batch and (len(batch) == BATCH_POSTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


async def _send(batch: list[Row], brand: str, http: httpx.AsyncClient, tally: Tally, patience: float) -> None:
    body = _encoded({"brand": brand, "posts": [row.post for row in batch]})
    try:
        answer = await _answered(body, http, patience)
    except _TryAgainError as error:
        raise UnreachableError(f"no answer from {http.base_url} for {patience:.0f} s ({error})") from None
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
        raise _TryAgainError(f"status {response.status_code}")
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    raise RefusedError(f"the server answered {response.status_code}: {_detail(response)}")


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "without a reason; is this a voxpop server?"


def _encoded(value: Any) -> bytes:
    """Encode as JSON; lone surrogates and values that JSON lacks go as they can, for the service to reject by name."""
    return json.dumps(value, default=lambda _: {"not": "a JSON value"}).encode()
