"""What `services.ingest.sources.network.fetcher` promises."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from services.ingest.sources.network.fetcher import DEADLINE_SECONDS, Fetcher
from services.ingest.sources.network.reconnection import NetworkError
from tests.servers.faults import FaultyServer
from tests.unit.ingest.virtual_clock import VirtualClock

LIMIT = 100_000


class Pages(FaultyServer):
    """Pages of every size, and redirects."""

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [web.get("/page", self._page), web.get("/packed", self._packed), web.get("/away", self._away)]

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["size"]), headers={"x-told": request.headers["accept"]})

    async def _packed(self, request: web.Request) -> web.Response:
        return web.Response(
            body=gzip.compress(b"x" * 2**24), headers={"content-encoding": "gzip", "x-path": request.path}
        )

    async def _away(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """Yield a server."""
    async with Pages(lambda: None) as server:
        yield server


@pytest.fixture
async def fetcher(clock: VirtualClock) -> AsyncIterator[Fetcher]:
    """Yield a fetcher of small answers."""
    async with Fetcher(clock, max_bytes=LIMIT) as fetcher:
        yield fetcher


async def test_an_answer_comes_whole(pages: Pages, fetcher: Fetcher) -> None:
    """Parameters and headers are sent; body, headers, status and the last address are told."""
    away = await fetcher.get(f"{pages.url}/away", {"to": "/page?size=100000"}, {"accept": "text/x"})
    assert (away.status, len(away.body), away.headers["x-told"]) == (200, LIMIT, "text/x")
    assert away.url.endswith("/page?size=100000")


@pytest.mark.parametrize("path", ["/page?size=100001", "/packed"])
async def test_too_large_an_answer_is_not_read(pages: Pages, fetcher: Fetcher, path: str) -> None:
    """One byte more than the limit, packed or not, is a fault, and the connection is given up."""
    with pytest.raises(NetworkError, match="larger than 100000 bytes"):
        await fetcher.get(pages.url + path, headers={"accept": "text/x"})
    assert (await fetcher.get(f"{pages.url}/page?size=3", headers={"accept": "x"})).body == b"xxx"


async def test_an_error_is_told_by_its_status(pages: Pages, fetcher: Fetcher) -> None:
    """The status and the wait are kept, the page is not."""
    await pages.answer(503, {"retry-after": "7"}, b"<html>SECRET</html>")
    with pytest.raises(NetworkError) as raised:
        await fetcher.get(f"{pages.url}/page")
    assert (raised.value.status, raised.value.wait, raised.value.sentence) == (503, 7, "it answered 503")


async def test_a_silent_server_is_given_up(pages: Pages, fetcher: Fetcher, clock: VirtualClock) -> None:
    """After the deadline a sentence says so."""
    await pages.stall()
    asking = asyncio.ensure_future(fetcher.get(f"{pages.url}/page"))
    await clock.until(asking.done, step=1.0, limit=DEADLINE_SECONDS + 5)
    with pytest.raises(NetworkError, match="did not answer within 30 s"):
        await asking


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://", "ftp://127.0.0.1/x", "http://[::1", "/away?to=/away"]
)
async def test_what_cannot_be_asked_is_a_fault(pages: Pages, fetcher: Fetcher, address: str) -> None:
    """No server there, no address, another protocol and redirects without end are faults like any other."""
    with pytest.raises(NetworkError):
        await fetcher.get(pages.url + "/away?to=/away?to=/away" if address.startswith("/") else address)
