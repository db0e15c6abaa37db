"""What `shared.reach` promises."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sandbox.credentials import make_certificate
from services.ingest.sources.network.fetcher import Fetcher
from services.ingest.sources.network.reconnection import NetworkError
from shared.reach import InnerAddressError, InternetOnly, is_of_the_internet
from tests.servers.faults import FaultyServer
from tests.unit.ingest.virtual_clock import PATIENCE_SECONDS, VirtualClock

OUTSIDE, ALSO_OUTSIDE = "93.184.215.14", "2606:4700::6810:84e5"
THREADS = 4
INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - nobody listens on it here
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "no address",
]


class Names:
    """A resolver that knows some names, and a way that leads to one local server whatever address is asked for."""

    def __init__(self, server: str, **known: list[str]) -> None:
        """Lead to `server`; `known` are addresses by name, with `_` for a dot."""
        self.known = {name.replace("_", "."): addresses for name, addresses in known.items()}
        self.asked: list[str] = []
        self.reached: list[tuple[str, str, str]] = []
        self.dead: set[str] = set()
        self._server = httpx.URL(server)
        self._way = httpx.AsyncHTTPTransport()

    async def resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host."""
        assert port in (0, 8080)
        self.asked.append(host)
        if host not in self.known:
            raise OSError(host)
        return self.known[host]

    def to(self, way: httpx.AsyncHTTPTransport | None = None) -> InternetOnly:
        """Return the transport to be looked at."""
        self._way = way or self._way
        return InternetOnly(self.resolve, _Leading(self))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the local server."""
        if request.url.host in self.dead:
            raise httpx.ConnectError("nobody there")
        self.reached.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        url = request.url.copy_with(host=self._server.host, port=self._server.port)
        return await self._way.handle_async_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        )

    async def aclose(self) -> None:
        """Close connections."""
        await self._way.aclose()


class _Leading(httpx.AsyncBaseTransport):
    def __init__(self, names: Names) -> None:
        self._names = names

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._names.send(request)

    async def aclose(self) -> None:
        await self._names.aclose()


class Pages(FaultyServer):
    """A page, and a way on to elsewhere."""

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [web.get("/page", self._page), web.get("/away", self._away)]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=request.host)

    async def _away(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    """Yield names that lead to a server of pages."""
    async with Pages(lambda: None) as server:
        yield Names(server.url, feeds_example=[OUTSIDE], inner_example=["10.0.0.7"])


def fetcher(names: Names) -> Fetcher:
    """Return a fetcher that keeps to the internet."""
    return Fetcher(VirtualClock(), transport=names.to())


@pytest.mark.parametrize("address", INSIDE)
def test_what_lies_inside_is_not_of_the_internet(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast, and IPv6 that wraps such."""
    assert not is_of_the_internet(address)


@pytest.mark.parametrize("address", [OUTSIDE, ALSO_OUTSIDE, f"::ffff:{OUTSIDE}", "64:ff9b::808:808", "2002:808:808::"])
def test_what_lies_outside_is_of_the_internet(address: str) -> None:
    """Global addresses, also of IPv4 in the clothes of IPv6."""
    assert is_of_the_internet(address)


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_wrapping_changes_no_judgement(number: int) -> None:
    """An address of IPv4 is judged alike by itself, mapped, and translated."""
    plain = is_of_the_internet(str(IPv4Address(number)))
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert is_of_the_internet(str(IPv6Address(prefix + number))) is plain


async def test_a_host_outside_is_reached_at_the_address_that_was_judged(names: Names) -> None:
    """It is looked up once a request; its name stays in the Host header, in TLS and in the answer's address."""
    async with fetcher(names) as asking:
        answer = await asking.get("http://feeds.example:8080/page")
    assert (answer.body, answer.url) == (b"feeds.example:8080", "http://feeds.example:8080/page")
    assert names.asked == ["feeds.example"]
    assert names.reached == [(OUTSIDE, "feeds.example:8080", "feeds.example")]


async def test_a_host_inside_is_never_reached(names: Names) -> None:
    """Its name is told, and nothing is sent."""
    async with fetcher(names) as asking:
        with pytest.raises(InnerAddressError) as raised:
            await asking.get("http://inner.example/page")
    assert (raised.value.host, names.reached) == ("inner.example", [])


async def test_a_redirect_inside_is_not_followed(names: Names) -> None:
    """Where a page outside leads is judged as if it had been named."""
    async with fetcher(names) as asking:
        with pytest.raises(InnerAddressError):
            await asking.get("http://feeds.example/away", {"to": "http://inner.example/page"})
    assert [address for address, *_ in names.reached] == [OUTSIDE]


async def test_a_name_that_changes_its_address_is_judged_each_time(names: Names) -> None:
    """A name that first stood for a machine outside gives no way to one inside."""
    async with fetcher(names) as asking:
        await asking.get("http://feeds.example/page")
        names.known["feeds.example"] = ["127.0.0.1"]
        with pytest.raises(InnerAddressError):
            await asking.get("http://feeds.example/page")


async def test_of_several_addresses_those_outside_are_tried(names: Names) -> None:
    """One after the other, until one can be connected to; the others never."""
    names.known["feeds.example"] = ["::1", ALSO_OUTSIDE, "10.0.0.1", OUTSIDE]
    names.dead = {ALSO_OUTSIDE}
    async with fetcher(names) as asking:
        assert (await asking.get("http://feeds.example/page")).body == b"feeds.example"
        names.dead.add(OUTSIDE)
        with pytest.raises(NetworkError, match="ConnectError"):
            await asking.get("http://feeds.example/page")
    assert [address for address, *_ in names.reached] == [OUTSIDE]


async def test_a_name_that_nobody_knows_is_a_fault(names: Names) -> None:
    """It may be known later."""
    async with fetcher(names) as asking:
        with pytest.raises(NetworkError, match="ConnectError"):
            await asking.get("http://nobody.example/page")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_the_machines_own_resolver_finds_out_every_spelling(host: str) -> None:
    """However loopback is written, it is loopback."""
    async with Pages(lambda: None) as server, Fetcher(VirtualClock(), transport=InternetOnly()) as asking:
        port = httpx.URL(server.url).port
        with pytest.raises((InnerAddressError, NetworkError)):
            await asking.get(f"http://{host}:{port}/page")
        assert server.open_connections == 0


async def test_a_resolver_that_hangs_takes_no_thread_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where many names wait; too many are refused, and those that wait are forgotten when it is closed."""
    go_on, asked = threading.Event(), list[str]()

    loop, all_threads = asyncio.get_running_loop(), asyncio.Event()

    def hanging(*_: object, **__: object) -> list[Any]:
        asked.append(threading.current_thread().name)
        if len(asked) == THREADS:
            loop.call_soon_threadsafe(all_threads.set)
        go_on.wait(PATIENCE_SECONDS)
        return [(2, 1, 6, "", ("127.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    way = InternetOnly()
    async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient(transport=way) as client:
        asking = [asyncio.create_task(client.get(f"http://n{n}.example/")) for n in range(64)]
        await all_threads.wait()
        try:
            # As many as the loop's own pool may have threads, or more.
            assert await asyncio.gather(*(asyncio.to_thread(int, n) for n in range(40))) == list(range(40))
            with pytest.raises(httpx.ConnectError):
                await client.get("http://one-more.example/")
            assert {name.rpartition("_")[0] for name in asked} == {"look-up"}
            await way.aclose()
        finally:
            go_on.set()
        ended = await asyncio.gather(*asking, return_exceptions=True)
    assert len(asked) == THREADS
    assert {type(one) for one in ended} <= {InnerAddressError, asyncio.CancelledError}


async def test_a_certificate_is_held_to_the_name(tmp_path: Path) -> None:
    """TLS asks for the host's name, not for its address, and takes no certificate of another."""
    trusted, inside = make_certificate(tmp_path)
    application = web.Application()

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=request.host)

    application.add_routes([web.get("/page", page)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=inside).start()
        port = runner.addresses[0][1]
        names = Names(f"https://127.0.0.1:{port}", api_x_com=[OUTSIDE], other_example=[OUTSIDE])
        trust = ssl.create_default_context(cafile=str(trusted))
        way = names.to(httpx.AsyncHTTPTransport(verify=trust, limits=httpx.Limits(max_keepalive_connections=0)))
        async with Fetcher(VirtualClock(), transport=way) as asking:
            assert (await asking.get("https://api.x.com/page")).body == b"api.x.com"
            with pytest.raises(NetworkError, match="ConnectError"):
                await asking.get("https://other.example/page")
    finally:
        await runner.cleanup()
