"""Clients that take a place and do nothing with it, against the running process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.profiles_process import ProfilesProcess

PATIENCE = 60.0
UPLOAD = (
    b"POST /v1/brands/acme/import HTTP/1.1\r\nhost: localhost\r\n"
    b"content-type: application/vnd.apache.parquet\r\ncontent-length: 1000\r\n\r\nPAR1"
)
HALF = b"GET /v1/brands HTTP/1.1\r\nhost: localh"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that keeps no connection: one that waits for a request gives way as any other does."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as client:
        yield client


@pytest.fixture
async def running(tmp_path: Path, http: httpx.AsyncClient) -> AsyncIterator[ProfilesProcess]:
    """Yield a server with short deadlines and few connections, once it is ready."""
    process = ProfilesProcess(tmp_path, head_seconds=5.0, stall_seconds=5.0, max_connections=64)
    try:
        await process.ready(http)
        yield process
    finally:
        process.stop()


async def opened(process: ProfilesProcess, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection and send the beginning of a request."""
    url = urlsplit(process.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(sent)
    return reader, writer


async def test_an_import_that_stalls_gives_its_place_back(running: ProfilesProcess, http: httpx.AsyncClient) -> None:
    """There is one place (another import is 503 meanwhile): once the first is given up the next is looked at."""
    reader, writer = await opened(running, UPLOAD)
    headers = {"content-type": "application/vnd.apache.parquet"}

    async def again() -> int:
        answer = await http.post(f"{running.url}/v1/brands/acme/import", content=b"PAR1", headers=headers)
        return answer.status_code

    async with asyncio.timeout(PATIENCE):
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        while (status := await again()) == 503:
            pass
    assert status == 422
    writer.close()


async def test_half_requests_shut_no_client_out(running: ProfilesProcess, http: httpx.AsyncClient) -> None:
    """Twice as many of them as there may be connections: others are answered meanwhile, and each of them ends."""
    waiting = []
    for number in range(128):
        waiting.append(await opened(running, HALF if number % 2 else UPLOAD))
        if number % 16 == 0:
            assert (await http.get(f"{running.url}/v1/brands")).status_code == 200
    assert (await http.get(f"{running.url}/readyz")).status_code == 200
    async with asyncio.timeout(PATIENCE):
        for reader, writer in waiting:
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
