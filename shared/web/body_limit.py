"""Refuses a body that is too large, before it is read where the client says its length."""

import re
from contextlib import suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.problems import problem


class BodyLimit:
    """Pure ASGI middleware: 413 by Content-Length at once, or as soon as the bytes that came exceed the limit.

    A route that takes larger bodies, and limits them itself, is named by a pattern of its path.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, unlimited: re.Pattern[str] | None = None) -> None:
        """Let at most `max_bytes` through, but for paths that end as `unlimited` says."""
        self._app = app
        self._max_bytes = max_bytes
        self._unlimited = unlimited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http" or (self._unlimited is not None and self._unlimited.search(scope["path"])):
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > self._max_bytes:
            await self._refusal()(scope, receive, send)
            return
        seen = 0
        started = False

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise _TooLargeError
            return message

        async def send_watched(message: Message) -> None:
            nonlocal started
            if seen <= self._max_bytes:
                started = True
                await send(message)

        with suppress(_TooLargeError):
            await self._app(scope, receive_counted, send_watched)
        if seen > self._max_bytes and not started:
            await self._refusal()(scope, receive, send)

    def _refusal(self) -> Response:
        return problem(413, f"the body is larger than {self._max_bytes} bytes; send less at a time")


class _TooLargeError(Exception):
    """More bytes came than may."""
