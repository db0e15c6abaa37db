"""The sandbox's HTTP face: X's endpoints under `/2`, the control paths under `/control`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox import problems
from sandbox.connection import StreamConnection
from sandbox.control import add_control
from sandbox.faults import Fault, FaultPlace
from sandbox.post import WantedFields
from sandbox.recent_search import ParameterError, search
from sandbox.state import SandboxState
from sandbox.timeline import OWN_NAME
from shared.clock import SystemClock

_Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Endpoint = Callable[[web.Request, dict[str, str]], Awaitable[web.StreamResponse]]
"""Given the rate-limit headers too, since a stream writes its own."""
_AS_PROBLEM: dict[str, Callable[[], web.Response]] = {
    "usage-cap": problems.usage_capped,
    "html-503": problems.over_capacity,
    "not-enrolled": problems.not_enrolled,
    "access-level": problems.access_level,
    "connection-limit": problems.too_many_connections,
    "unauthorized": problems.unauthorized,
    "rate-limit-no-reset": problems.too_many_requests,
    "rate-limit": problems.too_many_requests,
    "invalid": lambda: problems.invalid("query", "", "There were errors processing your request"),
    "forbidden": lambda: problems.forbidden("You are not permitted to perform this action."),
}


def build(sandbox: SandboxState) -> web.Application:
    """Return the application."""
    app = web.Application(middlewares=[_as_problem])
    endpoints = _Endpoints(sandbox)
    app.router.add_get("/2/tweets/search/stream", endpoints.guarded("connect", endpoints.stream))
    app.router.add_get("/2/tweets/search/stream/rules", endpoints.guarded("rules", endpoints.list_rules))
    app.router.add_post("/2/tweets/search/stream/rules", endpoints.guarded("rules", endpoints.change_rules))
    app.router.add_get("/2/tweets/search/recent", endpoints.guarded("search", endpoints.search))
    app.router.add_post("/2/tweets", endpoints.guarded("create", endpoints.create, signed=True))
    app.router.add_get("/2/users/me", endpoints.guarded("me", endpoints.me, signed=True))
    add_control(app, sandbox)
    return app


@web.middleware
async def _as_problem(request: web.Request, handler: _Answering) -> web.StreamResponse:
    """Write errors of the framework as X would: no such path, no such method, a body that is no JSON."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problems.problem(error.status, error.reason, error.reason)
    except json.JSONDecodeError:
        return problems.problem(400, "Invalid Request", "The body is not JSON.")


class _Endpoints:
    def __init__(self, sandbox: SandboxState) -> None:
        self._sandbox = sandbox

    def guarded(self, place: FaultPlace, answering: _Endpoint, *, signed: bool = False) -> _Answering:
        """Return `answering` behind what every endpoint does first: count, proof, fault, rate."""
        sandbox = self._sandbox

        async def guard(request: web.Request) -> web.StreamResponse:
            sandbox.requests[place] += 1
            if place == "connect":
                sandbox.connected_at.append(sandbox.clock.monotonic())
            if place == "search" and "next_token" not in request.query:
                sandbox.searched_at.append(sandbox.clock.monotonic())
            sandbox.note()
            fault = sandbox.faults.take(place)
            # Clients sign with their machine's time, whatever the sandbox's clock says.
            proved = (
                sandbox.credentials.signs(request, SystemClock().now().timestamp())
                if signed
                else sandbox.credentials.bears(request)
            )
            if not proved:
                return problems.unauthorized()
            if fault is not None:
                return await self._befall(place, fault, request, answering)
            is_allowed, headers = sandbox.limits.count(place)
            if not is_allowed:
                return _with(problems.too_many_requests(), headers)
            answer = await answering(request, headers)
            return answer if answer.prepared else _with(answer, headers)

        return guard

    async def _befall(
        self, place: FaultPlace, fault: Fault, request: web.Request, answering: _Endpoint
    ) -> web.StreamResponse:
        if fault.kind == "rate-limit":
            return _with(problems.too_many_requests(), self._sandbox.limits.spend(place, fault.seconds))
        if fault.kind == "answer":
            return web.Response(status=fault.status, headers=fault.headers, text=fault.text)
        if fault.kind in _AS_PROBLEM:
            return _AS_PROBLEM[fault.kind]()
        if fault.kind == "silence":
            await asyncio.Event().wait()
        answer = await answering(request, {}) if fault.kind in {"truncated-json", "hang-up-after"} else None
        if fault.kind == "truncated-json" and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            whole = answer.body
            return web.Response(status=answer.status, body=whole[: len(whole) // 2], content_type="application/json")
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def stream(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        """Open a connection, where one is free."""
        sandbox = self._sandbox
        if len(sandbox.connections) >= sandbox.most_connections:
            return problems.too_many_connections()

        def sent(number: int) -> None:
            sandbox.timeline.sent[number] += 1
            sandbox.note()

        connection = StreamConnection(sandbox.clock, WantedFields.asked(request.query), sent)
        if fault := sandbox.faults.take("stream"):
            connection.befall(fault)
        sandbox.connections.append(connection)
        sandbox.note()
        try:
            return await connection.serve(request, headers)
        finally:
            sandbox.connections.remove(connection)
            sandbox.note()

    async def list_rules(self, request: web.Request, _: dict[str, str]) -> web.Response:
        """Tell the rules."""
        return web.json_response(self._sandbox.rules.written(request.query.get("ids")))

    async def change_rules(self, request: web.Request, _: dict[str, str]) -> web.Response:
        """Add or delete rules."""
        dry_run = request.query.get("dry_run", "").lower() == "true"
        status, answer = self._sandbox.rules.change(await request.json(), dry_run=dry_run)
        return web.json_response(answer, status=status)

    async def search(self, request: web.Request, _: dict[str, str]) -> web.Response:
        """Find posts of the last seven days."""
        sandbox = self._sandbox
        try:
            page = search(sandbox.timeline, sandbox.clock, request.query, sandbox.settling)
        except ParameterError as error:
            return problems.invalid(error.parameter, error.value, error.message)
        sandbox.note()
        return web.json_response(page)

    async def create(self, request: web.Request, _: dict[str, str]) -> web.Response:
        """Create a post."""
        answer = self._sandbox.writer.create(await request.json())
        self._sandbox.note()
        return answer

    async def me(self, _: web.Request, __: dict[str, str]) -> web.Response:
        """Tell whose account it is."""
        user: dict[str, Any] = {"id": self._sandbox.credentials.user_id, "name": OWN_NAME, "username": OWN_NAME}
        return web.json_response({"data": user})


def _with(answer: web.StreamResponse, headers: dict[str, str]) -> web.StreamResponse:
    answer.headers.update(headers)
    return answer
