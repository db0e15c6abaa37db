"""The outermost middleware of a service: request id, metrics, one log line, and no traceback in an answer."""

import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.logs import frames_of
from shared.web.metrics import RequestMetrics
from shared.web.problems import problem

log = structlog.get_logger(__name__)

CLIENT_CLOSED_REQUEST: Final = 499
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Pure ASGI middleware. A client's `x-request-id` is kept where it is short and plain, else one is made."""

    def __init__(self, app: ASGIApp, service: str, metrics: RequestMetrics) -> None:
        """Wrap `app`; `service` is how log lines and metrics name it."""
        self._app = app
        self._service = service
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id, service=self._service):
            try:
                await self._app(scope, receive, send_marked)
            except ClientDisconnect:
                status = status or CLIENT_CLOSED_REQUEST
            except Exception as error:  # noqa: BLE001 - the outermost: whatever it is, the caller gets a problem
                log.error("request.failed", error=type(error).__name__, frames=frames_of(error))  # noqa: TRY400 - a traceback may quote a post
                if not status:
                    answer = problem(500, "the service failed; its log has the request id")
                    await answer(scope, receive, send_marked)
            finally:
                seconds = time.perf_counter() - started
                route = _route(scope)
                self._metrics.observe(scope["method"], route, status, seconds)
                log.debug("request", method=scope["method"], route=route, status=status, seconds=round(seconds, 4))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex


def _route(scope: MutableMapping[str, Any]) -> str:
    """Return the route's template, never the path: a path may hold what should not be logged."""
    route = scope.get("route")
    return getattr(route, "path", "unmatched")
