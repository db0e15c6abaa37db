"""Which addresses are of the public Internet, so that what a caller names cannot reach the network we stand in."""

import asyncio
import ipaddress
import socket
from typing import Final

import httpx

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address that a translator connects to."""


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is of one receiver on the public Internet.

    Not public are loopback, private, link-local (cloud metadata among them), shared, multicast, reserved and
    unspecified addresses, and IPv6 addresses that stand for such an IPv4 one (mapped, 6to4, Teredo, NAT64).
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or address.teredo is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class PrivateAddressError(httpx.ConnectError):
    """A host that was to be called has an address that is not public."""


class PublicTransport(httpx.AsyncBaseTransport):
    """Connects to public addresses alone.

    A host's name is resolved here and the connection goes to the address that was looked at, so that a name which
    resolves differently the next moment gains nothing. TLS still asks for the certificate of the name. No connection
    is kept: one to an address must not serve another name there. Redirects pass here too.

    Raises PrivateAddressError, an httpx.ConnectError, where any address of the host is not public.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport | None = None) -> None:
        """Send by `inner`, by default httpx's own without a connection kept."""
        self._inner = inner or httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport.handle_async_request`."""
        host = request.url.host
        addresses = await _addresses(host, request.url.port)
        if not all(is_public(address) for address in addresses):
            raise PrivateAddressError("the host has an address that is not public", request=request)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=str(addresses[0]))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """See `httpx.AsyncBaseTransport.aclose`."""
        await self._inner.aclose()


async def _addresses(host: str, port: int | None) -> list[IpAddress]:
    """Return a host's addresses, IPv4 first; raises httpx.ConnectError where it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"the host has no address ({type(error).__name__})") from None
    addresses = {ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found}
    return sorted(addresses, key=lambda address: (address.version, int(address)))
