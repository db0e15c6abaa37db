"""Connections whose clients do not go on, seen from raw sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from services import server
from services.http_connection import MOST_HEAD_BYTES, MOST_PIPELINED
from services.server import bind
from shared.settings import ServiceSettings

PATIENCE = 30.0
SOON = 0.2
NEVER = 3600.0
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nhost: local"
UPLOAD = b"POST /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n"
CHUNKED = b"POST /upload HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Service:
    """An application that says what it was asked, and how its requests ended."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.port = 0
        self.heads: list[dict[bytes, bytes]] = []
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.clients: list[asyncio.StreamWriter] = []
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self.taking = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `/upload` once its body came, `/flood` without an end, anything else at once."""
        if scope["type"] != "http":
            return
        self.heads.append(dict(scope["headers"]))
        self.begun.put_nowait(scope["path"])
        ended = "answered"
        if scope["path"] in {"/upload", "/slow"}:
            if scope["path"] == "/slow":
                await self.taking.wait()
            message: Any = {"more_body": True}
            while message.get("more_body"):
                message = await receive()
            ended = message["type"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        flooding = scope["path"] == "/flood"
        while flooding and (await self._next(receive, send)):
            ended = "flood"
        await send({"type": "http.response.body", "body": b"fine"})
        self.ended.put_nowait(ended)

    async def _next(self, receive: Receive, send: Send) -> bool:
        await send({"type": "http.response.body", "body": bytes(2**16), "more_body": True})
        gone: asyncio.Task[Any] = asyncio.create_task(receive())  # type: ignore[arg-type] # a coroutine
        await asyncio.wait({gone}, timeout=0)
        left = gone.done() and gone.result()["type"] == "http.disconnect"
        gone.cancel()
        return not left

    async def connect(self) -> Client:
        """Open a connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        self.clients.append(writer)
        return reader, writer

    async def status(self, *pieces: bytes) -> int:
        """Send pieces on a connection of their own, and return the status that comes; 0 where none does."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
        return await status_of((reader, writer))


async def status_of(client: Client) -> int:
    """Return the status of the next answer; 0 where the connection ends without one."""
    reader, _ = client
    async with asyncio.timeout(PATIENCE):
        try:
            line = await reader.readline()
        except ConnectionError:
            return 0
    return int(line.split()[1]) if line else 0


async def rest_of(client: Client) -> bytes:
    """Return what comes until the connection is closed."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await client[0].read()
        except ConnectionError:
            return b""


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Service]:
    """Serve the application with these settings; the others leave everybody all the time of the world."""
    service = Service()
    patient = {"head_seconds": NEVER, "stall_seconds": NEVER} | settings
    config = server._config(service, ServiceSettings(_env_file=None, **patient))
    config.lifespan, config.timeout_keep_alive, config.timeout_graceful_shutdown = "off", int(NEVER), 1
    listening = bind("127.0.0.1", 0)
    service.port = listening.getsockname()[1]
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running._serve([listening]))
    try:
        yield service
    finally:
        for client in service.clients:
            client.transport.abort()
        running.should_exit = running.force_exit = True
        await serving
        listening.close()


@pytest.mark.parametrize(("sent", "status"), [(b"", 0), (b"G", 408), (HALF, 408), (b"\r\n\r\n", 408), (GET[:-2], 408)])
async def test_half_a_head_ends_in_time(sent: bytes, status: int) -> None:
    """A client that sends nothing is closed, one that began is told 408."""
    async with serving(head_seconds=SOON) as service:
        assert await service.status(sent) == status


async def test_a_byte_now_and_then_does_not_move_the_deadline() -> None:
    """The head's time runs from its beginning, on a connection that was used before too."""
    async with serving(head_seconds=SOON) as service:
        client = await service.connect()
        client[1].write(GET)
        assert await status_of(client) == 200
        await client[0].readuntil(b"fine")
        await client[0].readuntil(b"0\r\n\r\n")
        seen = asyncio.create_task(status_of(client))
        for byte in HALF * 1000:
            if seen.done():
                break
            client[1].write(bytes([byte]))
            await asyncio.wait({seen}, timeout=SOON / 20)
        assert await seen in {408, 0}


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * MOST_HEAD_BYTES,
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * MOST_HEAD_BYTES,
        b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: a\r\n" * MOST_HEAD_BYTES,
    ],
)
async def test_a_head_has_a_size(head: bytes) -> None:
    """One long line, one long value or many short ones: 431 with a problem, whether it has an end or not."""
    async with serving() as service:
        client = await service.connect()
        client[1].write(head)
        answer = await rest_of(client)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 431
        assert service.heads == []


async def test_a_large_head_within_the_size_is_read() -> None:
    """In one piece with a large body, or a byte more than half of it at a time."""
    head = UPLOAD[:-2].replace(b"100", b"300000") + b"x: " + b"a" * (MOST_HEAD_BYTES - 200) + b"\r\n\r\n"
    async with serving() as service:
        assert await service.status(head + bytes(300_000)) == 200
        assert await service.status(head[:17000], head[17000:], bytes(300_000)) == 200


@pytest.mark.parametrize(
    "rest",
    [
        b"1;" + b"a" * 3 * MOST_HEAD_BYTES,
        b"1\r\nx\r\n0\r\nx: " + b"a" * 3 * MOST_HEAD_BYTES,
        b"1\r\nx\r\n0\r\n" + b"x: a\r\n" * MOST_HEAD_BYTES,
    ],
)
async def test_what_comes_beside_a_body_has_a_size(rest: bytes) -> None:
    """Extensions of chunks and trailers are bounded as headers are."""
    async with serving() as service:
        client = await service.connect()
        client[1].write(CHUNKED)
        for start in range(0, len(rest), 4096):
            client[1].write(rest[start : start + 4096])
        assert await status_of(client) in {431, 0}
        assert await service.ended.get() == "http.disconnect"


async def test_trailers_are_no_headers() -> None:
    """They are read and dropped."""
    async with serving() as service:
        assert await service.status(CHUNKED + b"1\r\nx\r\n0\r\nauthorization: none\r\n\r\n") == 200
        assert b"authorization" not in service.heads[0]


@pytest.mark.parametrize("begun", [UPLOAD, UPLOAD + b"x" * 50, CHUNKED + b"5\r\nab"])
async def test_a_body_that_stalls_ends_its_request(begun: bytes) -> None:
    """408, and the application hears that its client is gone."""
    async with serving(stall_seconds=SOON) as service:
        assert await service.status(begun) == 408
        assert await service.ended.get() == "http.disconnect"


async def test_a_body_that_the_application_does_not_take_is_not_late() -> None:
    """While we read nothing, nothing can come: the deadline begins anew."""
    async with serving(stall_seconds=SOON) as service:
        size = 2**22
        client = await service.connect()
        client[1].write(UPLOAD.replace(b"/upload", b"/slow").replace(b"100", str(size).encode()))
        client[1].write(bytes(size))
        asyncio.get_running_loop().call_later(4 * SOON, service.taking.set)
        assert await status_of(client) == 200


async def test_an_answer_before_its_body_ends_the_connection_soon() -> None:
    """What is left of the body is read for a while and no longer."""
    async with serving(head_seconds=SOON) as service:
        client = await service.connect()
        client[1].write(UPLOAD.replace(b"/upload", b"/"))
        answer = await rest_of(client)
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_an_answer_that_is_not_read_is_broken_off() -> None:
    """The application that streams it is told, and writes no more."""
    async with serving(stall_seconds=SOON) as service:
        reader, writer = await service.connect()
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a reading transport
        writer.write(GET.replace(b"/ ", b"/flood "))
        async with asyncio.timeout(PATIENCE):
            assert await service.ended.get() == "flood"
        del reader


async def test_a_full_server_lets_the_next_client_in() -> None:
    """Half-open requests, idle connections and stalled bodies go for it, the oldest of the busiest address first."""
    async with serving(max_connections=8) as service:
        waiting = []
        for sent in (HALF, b"", UPLOAD) * 4:
            client = await service.connect()
            client[1].write(sent)
            waiting.append(client)
            assert await service.status(GET) == 200
        assert await rest_of(waiting[0]) == b""


async def test_a_server_that_is_busy_with_all_says_so() -> None:
    """Where every connection waits for an answer of ours, the next is told 503."""
    async with serving(max_connections=8) as service:
        busy = [await service.connect() for _ in range(8)]
        for client in busy:
            client[1].write(UPLOAD.replace(b"/upload", b"/slow") + bytes(100))
        for _ in busy:
            assert await service.begun.get() == "/slow"
        assert await service.status() == 503
        service.taking.set()
        for client in busy:
            assert await status_of(client) == 200


async def test_requests_ahead_are_counted() -> None:
    """Some may be sent before their turn, thousands may not."""
    async with serving() as service:
        client = await service.connect()
        client[1].write(GET * (MOST_PIPELINED // 2))
        for _ in range(MOST_PIPELINED // 2):
            assert await status_of(client) == 200
            await client[0].readuntil(b"0\r\n\r\n")
        assert await service.status(GET * 10_000) == 0
        assert len(service.heads) < 100


async def test_a_target_with_a_host_stands_for_the_header() -> None:
    """As a proxy would be asked: the name in the target is the one that counts."""
    async with serving() as service:
        request = b"GET http://evil.example:8000/path HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        assert await service.status(request) == 200
        assert service.heads[0][b"host"] == b"evil.example:8000"


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01" * 9,
    ],
)
async def test_what_is_no_request_is_a_problem(request_: bytes) -> None:
    """400, and nothing of it is asked."""
    async with serving() as service:
        assert await service.status(request_) == 400
        assert service.heads == []


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c"])
async def test_an_upgrade_is_passed_over(upgrade: bytes) -> None:
    """The request is answered as it would be without."""
    async with serving() as service:
        head = GET[:-2] + b"connection: upgrade\r\nupgrade: " + upgrade + b"\r\n\r\n"
        assert await service.status(head) == 200
