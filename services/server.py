"""Runs an application under uvicorn until it is told to stop."""

import asyncio
import gc
import logging
import resource
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.http_connection import ConnectionLimits, HttpConnection
from shared.errors import SettingsError
from shared.huge_pages import collapse
from shared.settings import ServiceSettings
from shared.web.same_origin import around

BACKLOG = 2048
GRACE_SECONDS = 20
NEW_OBJECTS = 20_000
"""So many more objects start a collection; Python's own 700 walk what a service holds again and again."""


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
    app: FastAPI,
    listening: socket.socket,
    settings: ServiceSettings,
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `beside` starts once requests are answered and is cancelled at the end.

    Raises whatever the application's lifespan raised at start, as it was raised.
    """
    startup = _Startup(app, around(app, settings))
    server = _Server(_config(startup, settings))
    async with asyncio.TaskGroup() as tasks:
        companion = tasks.create_task(_after(server.answering, beside)) if beside else None
        try:
            await server.serve(sockets=[listening])
        except SystemExit:
            if startup.failure is None:
                raise
        finally:
            if companion:
                companion.cancel()
    if startup.failure is not None:
        raise startup.failure


def _config(app: Any, settings: ServiceSettings) -> uvicorn.Config:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(settings.max_connections, files // 2)
    limits = ConnectionLimits(settings.head_seconds, settings.stall_seconds, most)
    protocol: Any = partial(HttpConnection, limits=limits)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        # Callers without keys take turns by their addresses, which a header must not choose.
        proxy_headers=False,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _after(event: asyncio.Event, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await event.wait()
    await beside()


class _Startup:
    """The application with its lifespan run here: a failed start is kept, where Starlette would log a traceback."""

    def __init__(self, app: FastAPI, reached: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app
        self._reached = reached
        self.failure: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._reached(scope, receive, send)
            return
        await receive()
        answered = False
        try:
            async with self._app.router.lifespan_context(self._app):
                await send({"type": "lifespan.startup.complete"})
                answered = True
                await receive()
        except Exception as error:  # noqa: BLE001 - raised again by `run`
            self.failure = error
            logging.getLogger("uvicorn.error").disabled = True
        kind = "shutdown" if answered else "startup"
        outcome = "complete" if self.failure is None else "failed"
        await send({"type": f"lifespan.{kind}.{outcome}", "message": ""})


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by returning: uvicorn would raise the signal again, and a stop that went well would look like a death."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _set_aside_what_stays()
            await asyncio.to_thread(collapse)
            self.answering.set()


def _set_aside_what_stays() -> None:
    """Leave the objects that the start made, half a million, out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
