"""Which addresses may be called for somebody else."""

import asyncio
import ipaddress
import socket
from typing import Any

import httpx
import pytest

from shared.addresses import PrivateAddressError, PublicTransport, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, nothing listens
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2001:0:53aa:64c::1",
    ],
)
def test_what_is_not_of_the_internet_is_not_public(address: str) -> None:
    """Loopback, private, link-local, multicast and reserved addresses, however they are dressed up."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"]
)
def test_what_is_of_the_internet_is_public(address: str) -> None:
    """Also where an IPv6 address stands for an IPv4 one."""
    assert is_public(ipaddress.ip_address(address))


class Seen(httpx.AsyncBaseTransport):
    """Notes what would be connected to."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note a request."""
        self.requests.append(request)
        return httpx.Response(204)


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name resolve to these addresses."""

    async def getaddrinfo(_: object, host: str, port: int | None, **__: Any) -> list[Any]:
        assert host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 443)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


async def test_the_address_that_was_looked_at_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name stays in `Host` and in what TLS asks for, so that a second look-up decides nothing."""
    resolves(monkeypatch, "93.184.216.34")
    seen = Seen()
    async with httpx.AsyncClient(transport=PublicTransport(seen)) as http:
        await http.post("https://hooks.example:8443/take?a=b")
    (request,) = seen.requests
    assert str(request.url) == "https://93.184.216.34:8443/take?a=b"
    assert request.headers["host"] == "hooks.example:8443"
    assert request.extensions["sni_hostname"] == "hooks.example"


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.216.34", "169.254.169.254"]])
async def test_a_host_with_any_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """One private address among public ones is enough."""
    resolves(monkeypatch, *addresses)
    seen = Seen()
    async with httpx.AsyncClient(transport=PublicTransport(seen)) as http:
        with pytest.raises(PrivateAddressError):
            await http.post("https://hooks.example/take")
    assert seen.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://[::1]:9/", "http://2130706433:9/", "http://0x7f.1:9/"])
async def test_an_address_in_any_spelling_is_refused(url: str) -> None:
    """What the resolver makes of a number is what counts."""
    async with httpx.AsyncClient(transport=PublicTransport()) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def test_a_host_without_an_address_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an httpx error as any other, and names no host."""

    async def nothing(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", nothing)
    async with httpx.AsyncClient(transport=PublicTransport()) as http:
        with pytest.raises(httpx.ConnectError, match="no address"):
            await http.get("https://hooks.example/")
