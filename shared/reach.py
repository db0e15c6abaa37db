"""A way out to the internet alone: a host that a client names is asked only where it lies outside our own network."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host for a port, as text; raises OSError where it has none."""

_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out for the internet (RFC 4291, section 2.4, and IANA's registry)."""
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 as a network without it writes them (RFC 6052)."""
_LOOK_UPS: Final = 4
"""Names that one transport has looked up at a time; a resolver that hangs blocks no other thread of the process."""
_MOST_WAITING: Final = 64
_NO_KEPT: Final = httpx.Limits(max_keepalive_connections=0)


class InnerAddressError(Exception):
    """A host stands for no address of the internet; `host` is its name."""

    def __init__(self, host: str) -> None:
        """Keep the name."""
        super().__init__("a host stands for no address of the internet")
        self.host = host


def is_of_the_internet(address: str) -> bool:
    """Tell whether an address is a global one of a single machine.

    Loopback, private, link-local (where clouds answer with credentials), shared, reserved and multicast ones are not,
    nor is any IPv6 address that wraps such a one of IPv4 (mapped, 6to4, Teredo, NAT64).
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if inner := _wrapped(found):
            return all(map(_is_global, inner))
        return _is_global(found) and found in _UNICAST
    return _is_global(found)


class InternetOnly(httpx.AsyncBaseTransport):
    """Looks a host up, and connects to the very addresses that it judged: a second look-up could answer otherwise.

    Every request is judged, so redirects are too. No connection is kept for another request, because one address may
    be many hosts'. Proxies that the environment names are not used: they would look hosts up themselves.
    """

    def __init__(self, resolve: Resolve | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Look up by `resolve` (the machine's resolver), send by `transport` (connections of httpx's own)."""
        self._own = _Resolver()
        self._resolve = resolve or self._own.look_up
        self._transport = transport or httpx.AsyncHTTPTransport(limits=_NO_KEPT)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises InnerAddressError, and as httpx does."""
        host = request.url.raw_host.decode("ascii")
        try:
            addresses = await self._resolve(host, request.url.port or 0)
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__, request=request) from None
        allowed = [address for address in addresses if is_of_the_internet(address)]
        if not allowed:
            raise InnerAddressError(host)
        for address in allowed[:-1]:
            try:
                return await self._transport.handle_async_request(_to(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._transport.handle_async_request(_to(request, allowed[-1]))

    async def aclose(self) -> None:
        """Close connections, and forget look-ups that wait; those under way end by themselves."""
        self._own.close()
        await self._transport.aclose()


def _to(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request as one to an address; the host's name stays in its header and in TLS."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )


class _Resolver:
    """The machine's resolver behind threads of its own, and a bounded queue in front of them.

    It blocks for as long as its name servers take, which its caller cannot cut short. The loop's own threads, which
    `asyncio.to_thread` uses for everything else, are therefore left alone.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")
        self._taken = 0

    async def look_up(self, host: str, port: int) -> list[str]:
        """See `Resolve`; raises OSError too where too many look-ups wait."""
        if self._taken >= _MOST_WAITING:
            raise OSError("too many look-ups wait")
        self._taken += 1
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host, port)
        finally:
            self._taken -= 1
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Stop without waiting."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int) -> list[str]:
    return [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _wrapped(address: IPv6Address) -> list[IPv4Address]:
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    return [IPv4Address(int(address) & 0xFFFFFFFF)] if address in _TRANSLATED else []


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
