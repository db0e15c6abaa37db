"""Runs an application under uvicorn until it is told to stop."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.errors import SettingsError

BACKLOG = 2048
GRACE_SECONDS = 20


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises SettingsError where the address cannot be had.

    Its protocol is named, unlike `socket.create_server`'s: asyncio turns Nagle's algorithm off only for
    connections that say they are TCP, and with it on every small answer waits 40 ms for an acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    return listening


def url_of(host: str, port: int) -> str:
    """Return the address to show and to call from this machine: an unspecified host is reached by loopback."""
    bare = "127.0.0.1" if host in {"", "::"} or host.replace(".", "").strip("0") == "" else host
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"


async def run(
    app: FastAPI, listening: socket.socket, beside: Callable[[], Coroutine[Any, Any, None]] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; `beside` starts once requests are answered and is cancelled at the end."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS)
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        companion = tasks.create_task(_after(server.answering, beside)) if beside else None
        await server.serve(sockets=[listening])
        if companion:
            companion.cancel()
    if not server.started:
        raise SettingsError("the service could not start; the lines above say why")


async def _after(event: asyncio.Event, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await event.wait()
    await beside()


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.answering.set()
