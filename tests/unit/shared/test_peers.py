"""Calls from one service to another, against a real server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import stamina
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from shared.errors import PeerRefusedError, PeerUnavailableError
from shared.peers import Peer

AT_ONCE = 1e-9
"""Seconds; over by the time that the event loop turns."""


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries follow at once, as many as the peer allows."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@dataclass
class ScriptedService:
    """An ASGI application that answers with the given statuses in order, the last one for ever."""

    statuses: list[int]
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request and answer it."""
        body = b""
        more = True
        while more:
            message: Message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["method"], scope["path"], headers, body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"answer"})


@asynccontextmanager
async def served(service: ScriptedService, **options: Any) -> AsyncIterator[Peer]:
    """Serve `service` on a free port and give the peer that reaches it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service, log_config=None, access_log=False, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Peer("profiles", f"http://127.0.0.1:{listening.getsockname()[1]}/", http, **options)
    server.should_exit = True
    await serving


async def test_an_answer_comes_back_with_its_body() -> None:
    """A call sends method, path and body, and returns the answer."""
    service = ScriptedService([200])
    async with served(service) as peer:
        response = await peer.call("POST", "/v1/things", json={"a": 1})
    assert (response.status_code, response.text) == (200, "answer")
    ((method, path, _, body),) = service.seen
    assert (method, path, body) == ("POST", "/v1/things", b'{"a":1}')


async def test_the_service_key_is_shown_beside_the_callers_headers() -> None:
    """Every try carries the bearer key and what the caller wants sent, the first and the later ones."""
    service = ScriptedService([503, 503, 200])
    async with served(service, service_key="the-key") as peer:
        await peer.call("POST", "/", content=b"x", headers={"content-type": "application/x-thing"})
    assert len(service.seen) == 3
    for _, _, headers, body in service.seen:
        assert headers["authorization"] == "Bearer the-key"
        assert headers["content-type"] == "application/x-thing"
        assert body == b"x"


async def test_without_a_service_key_no_authorization_is_sent() -> None:
    """On loopback without keys there is nothing to show."""
    service = ScriptedService([200])
    async with served(service) as peer:
        await peer.call("GET", "/")
    assert "authorization" not in service.seen[0][2]


async def test_503_is_tried_again_until_it_goes_well() -> None:
    """A peer that is full for a while answers in the end."""
    service = ScriptedService([503, 503, 201])
    async with served(service) as peer:
        response = await peer.call("POST", "/")
    assert response.status_code == 201
    assert len(service.seen) == 3


async def test_503_is_tried_no_more_often_than_allowed() -> None:
    """A peer that stays full is left after the last attempt, and the caller is told to come back."""
    service = ScriptedService([503])
    async with served(service, attempts=4) as peer:
        with pytest.raises(PeerUnavailableError, match="profiles is not available; nothing was kept") as caught:
            await peer.call("POST", "/")
    assert len(service.seen) == 4
    assert caught.value.peer == "profiles"
    assert caught.value.retry_after >= 1


@pytest.mark.parametrize("status", [302, 400, 404, 409, 413, 422, 429, 500, 502, 504])
async def test_a_refusal_is_not_tried_again(status: int) -> None:
    """Any other status comes back at once, with the peer's name and the status."""
    service = ScriptedService([status, 200])
    async with served(service) as peer:
        with pytest.raises(PeerRefusedError, match=f"profiles refused the call with {status}") as caught:
            await peer.call("POST", "/")
    assert caught.value.status == status
    assert len(service.seen) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_peer_that_lets_nobody_in_names_the_setting(status: int) -> None:
    """Keys that differ between services are the likely reason, and the error says so but not the key."""
    service = ScriptedService([status])
    async with served(service, service_key="the-key") as peer:
        with pytest.raises(PeerRefusedError, match="VOXPOP_SERVICE_KEY") as caught:
            await peer.call("GET", "/")
    assert "the-key" not in caught.value.detail


async def test_a_closed_port_is_a_peer_that_is_not_there() -> None:
    """Where nobody listens the peer is unavailable, for calls and for the check."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    async with httpx.AsyncClient(trust_env=False) as http:
        peer = Peer("profiles", f"http://127.0.0.1:{port}", http)
        with pytest.raises(PeerUnavailableError, match="not available"):
            await peer.call("GET", "/")
        with pytest.raises(PeerUnavailableError, match="not available"):
            await peer.check_ready()


async def test_a_failed_connection_is_tried_again() -> None:
    """A peer that is just starting is reached by a later attempt."""
    tries = 0

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise httpx.ConnectError("refused")
        await ScriptedService([200])(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(late)) as http:
        assert (await Peer("profiles", "http://profiles", http).call("GET", "/")).is_success
    assert tries == 3


async def test_a_connection_lost_halfway_is_not_tried_again() -> None:
    """The peer may have acted on the request: only the caller knows whether sending it twice is right."""
    connections = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, httpx.AsyncClient(trust_env=False) as http:
        peer = Peer("profiles", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", http)
        with pytest.raises(PeerUnavailableError):
            await peer.call("POST", "/", content=b"x")
    assert connections == 1


async def test_the_deadline_ends_a_call_that_nobody_answers() -> None:
    """A transport in the process knows no timeouts: the call's own deadline ends it."""

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(30), httpx.AsyncClient(transport=httpx.ASGITransport(silent)) as http:
        peer = Peer("profiles", "http://profiles", http, deadline=AT_ONCE)
        with pytest.raises(PeerUnavailableError, match="did not answer in time"):
            await peer.call("GET", "/")
        with pytest.raises(PeerUnavailableError, match="did not answer in time"):
            await peer.check_ready()


async def test_a_cancelled_call_stops() -> None:
    """Cancelling the caller cancels the call, and is not taken for a missed deadline."""
    arrived, left = asyncio.Event(), asyncio.Event()

    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(silent)) as http:
        call = asyncio.create_task(Peer("profiles", "http://profiles", http).call("GET", "/"))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert left.is_set()


async def test_a_ready_peer_passes_the_check() -> None:
    """The check asks for /readyz, once."""
    service = ScriptedService([200])
    async with served(service) as peer:
        await peer.check_ready()
    assert [path for _, path, _, _ in service.seen] == ["/readyz"]


async def test_a_peer_that_is_not_ready_fails_the_check_at_once() -> None:
    """A 503 of /readyz is an answer: it is not asked again."""
    service = ScriptedService([503, 200])
    async with served(service) as peer:
        with pytest.raises(PeerUnavailableError):
            await peer.check_ready()
    assert len(service.seen) == 1
