"""The way to X: sessions that go to api.twitter.com, or to a sandbox that answers under that name."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from services.ingest.sources.base import SourceRefusedError
from services.ingest.sources.x.settings import XSettings

CONNECT_SECONDS: Final = 10.0
REQUEST_SECONDS: Final = 30.0
READ_BUFFER: Final = 2**20
"""Bytes read ahead; a line may have twice as many, past that aiohttp gives the connection up."""


@dataclass(frozen=True)
class XTransport:
    """Where connections go; without a sandbox, where the name leads."""

    host: str = ""
    port: int = 0
    context: ssl.SSLContext | None = None

    @classmethod
    async def by(cls, settings: XSettings) -> Self:
        """Return the way to the sandbox that is set (an address and the certificate to trust), else to X.

        Raises SourceRefusedError where the certificate cannot be read.
        """
        if not settings.x_sandbox:
            return cls()
        host, _, port = settings.x_sandbox.rpartition(":")
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=settings.x_sandbox_ca)
        except (OSError, ssl.SSLError):
            raise SourceRefusedError(
                "X_SANDBOX_CA cannot be read as a certificate; name the sandbox's ca.pem"
            ) from None
        return cls(host, int(port), context)

    def session(
        self, around: aiohttp.ClientMiddlewareType, *, is_stream: bool = False, reuses: bool = True
    ) -> aiohttp.ClientSession:
        """Return a fresh session whose requests go through `around`, to be closed by the caller.

        A stream's has no limit in time of its own. Without `reuses` each request has a
        connection of its own: one that X has left since can then not leave a
        request's fate unknown.
        """
        total = None if is_stream else 2 * REQUEST_SECONDS
        resolver = _Stand(self.host, self.port) if self.context is not None else None
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=not reuses, resolver=resolver, ssl=self.context or True),
            timeout=aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_SECONDS),
            read_bufsize=READ_BUFFER,
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=[around, _once],
        )


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp repeats a GET at once whose connection broke off, which paces nothing."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(f"broke off ({type(error).__name__})") from None


class _Stand(AbstractResolver):
    """Answers every name with the sandbox's address, so that nothing goes elsewhere by mistake."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002 - the interface is aiohttp's
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
