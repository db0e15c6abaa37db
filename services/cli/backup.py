"""How the command line fetches a backup from a running voxpop and brings one back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import stamina

from services.cli.client import ClientError, ask, detail_of, no_answer
from services.profiles.transfer.folder import partial
from shared.private_files import opener

EXPORT_SECONDS: Final = 600.0
"""Between two pieces: keys that a restore needs are looked for among all posts."""
IMPORT_SECONDS: Final = 6 * 3600.0
"""Until the answer: all of the file is checked and restored before."""
PATIENCE_SECONDS: Final = 60.0
_PIECE_BYTES: Final = 2**20
_TRY_AGAIN: Final = frozenset({429, 503})

Watch = Callable[[int], None]
"""Gets the bytes done."""


class _TryAgainError(Exception):
    """The server asked to come back, or could not be reached."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


async def download(http: httpx.AsyncClient, brand: str, query: dict[str, str], path: Path, watch: Watch) -> int:
    """Fetch an export into a file, which appears when all of it came, and return its bytes.

    Raises NoServerError, and ClientError where the server refuses or breaks off.
    """
    growing, done = partial(path), 0
    try:
        async with http.stream(
            "GET", f"/v1/brands/{brand}/export", params=query, timeout=httpx.Timeout(60.0, read=EXPORT_SECONDS)
        ) as response:
            if not response.is_success:
                await response.aread()
                raise ClientError(detail_of(response))
            file = await asyncio.to_thread(open, growing, "wb", opener=opener)
            with file:
                async for piece in response.aiter_bytes(_PIECE_BYTES):
                    await asyncio.to_thread(file.write, piece)
                    done += len(piece)
                    watch(done)
    except httpx.ConnectError:
        raise no_answer(http) from None
    except httpx.TransportError:
        raise ClientError("the server broke off in the middle; nothing was kept of this file: run this again") from None
    growing.replace(path)
    return done


async def upload(http: httpx.AsyncClient, brand: str, path: Path, watch: Watch) -> dict[str, Any]:
    """Import a file and return the answer; while the server asks to come back it is sent again, for a minute.

    Raises NoServerError, and ClientError where the server refuses.
    """
    try:
        async for attempt in stamina.retry_context(
            on=_TryAgainError, attempts=None, timeout=PATIENCE_SECONDS, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                return await _sent(http, brand, path, watch)
    except _TryAgainError as error:
        raise error.error from None
    raise AssertionError("stamina either returns or raises")


async def summary(http: httpx.AsyncClient, brand: str) -> Any:
    """Return all figures of a brand, None where it has none: they tell whether it changed."""
    try:
        return await ask(http, "GET", f"/v1/brands/{brand}/summary")
    except ClientError:
        return None


async def _sent(http: httpx.AsyncClient, brand: str, path: Path, watch: Watch) -> dict[str, Any]:
    size = (await asyncio.to_thread(path.stat)).st_size
    headers = {"content-type": "application/vnd.apache.parquet", "content-length": str(size)}
    try:
        response = await http.post(
            f"/v1/brands/{brand}/import",
            content=_pieces(path, watch),
            headers=headers,
            timeout=httpx.Timeout(60.0, read=IMPORT_SECONDS),
        )
    except httpx.TransportError:
        raise _TryAgainError(no_answer(http)) from None
    if response.status_code in _TRY_AGAIN:
        raise _TryAgainError(ClientError(detail_of(response)))
    if not response.is_success:
        raise ClientError(f"{path.name}: {detail_of(response)}")
    answer: dict[str, Any] = response.json()
    return answer


async def _pieces(path: Path, watch: Watch) -> AsyncGenerator[bytes, None]:
    done = 0
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
            done += len(piece)
            watch(done)
