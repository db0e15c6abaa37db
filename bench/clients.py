"""Clients that cost little beside what they measure: a connection each, one request after another."""

import asyncio
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import stamina
import uvloop


def ask_all(url: str, path: str, bodies: Sequence[bytes], clients: int) -> None:
    """POST each JSON body once, from so many clients; raises ValueError for an answer that is no 200.

    A connection that broke is made anew, and its request sent again.
    """
    uvloop.run(_ask_all(url, path, iter(bodies), clients))


async def _ask_all(url: str, path: str, waiting: Iterator[bytes], clients: int) -> None:
    address = urlsplit(url)
    await asyncio.gather(*(_client(address.hostname or "", address.port or 0, path, waiting) for _ in range(clients)))


async def _client(host: str, port: int, path: str, waiting: Iterator[bytes]) -> None:
    body = next(waiting, None)
    async for attempt in stamina.retry_context(on=(OSError, asyncio.IncompleteReadError), attempts=5):
        with attempt:
            reader, writer = await asyncio.open_connection(host, port)
            while body is not None:
                writer.write(_request(host, path, body))
                await _read(reader)
                body = next(waiting, None)
            writer.close()
            await writer.wait_closed()


def _request(host: str, path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.lower().split(b"\r\n")
    if b" 200 " not in status + b" ":
        raise ValueError(f"the server answered {status.decode()}")
    lengths = [line.partition(b":")[2] for line in lines if line.startswith(b"content-length:")]
    await reader.readexactly(int(lengths[0]))
