"""What every route under `/v1` asks of a request before its own code runs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import copy
from dataclasses import replace
from difflib import get_close_matches
from inspect import iscoroutinefunction
from typing import Any, Final, get_args, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, request_response
from fastapi.security.base import SecurityBase
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import InputError
from shared.web.bodies import BodyReader, BodyRequest

MOST_NAMED: Final = 64
"""Characters of a name that an answer repeats."""

_LISTS: Final = (list, tuple, set, frozenset)

Answer = Callable[[Request], Awaitable[Response]]


def guarded(route: BaseRoute, turn: asyncio.Semaphore) -> BaseRoute:
    """Return a twin of `route` that refuses query parameters it does not know, and bodies as `shared.web.bodies` says.

    The route itself is left as it is: it is a constant of its module, and several applications may hold it. Large
    bodies are read at a `turn`. Raises ShapeError where the route's body has no bound.
    """
    if not isinstance(route, APIRoute):
        return route
    twin = copy(route)
    known = QueryNames(route)
    reader = BodyReader(route) if route.body_field is not None else None
    answer: Answer = route.get_route_handler()

    async def checked(request: Request) -> Response:
        known.check(request)
        if reader is None:
            return await answer(request)
        read = BodyRequest(request, reader, turn)
        try:
            return await answer(read)
        except RequestValidationError as error:
            others = [item for item in error.errors() if item["loc"][0] != "body" or not read.faults]
            faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in read.faults]
            raise RequestValidationError([*others, *faults]) from None

    twin.app = _plain(route, known, reader, turn) if reader and _is_plain(route) else request_response(checked)
    return twin


def _is_plain(route: APIRoute) -> bool:
    """Tell whether a route takes one body and its request alone, and answers a response that it made itself."""
    dependant = route.dependant
    needed = dependant.dependencies
    returned = get_type_hints(route.endpoint).get("return")
    return (
        returned is Response
        and _takes_request_alone(replace(dependant, body_params=[], dependencies=[]))
        and len(dependant.body_params) == 1
        and all(_takes_request_alone(each) and iscoroutinefunction(each.call) for each in needed)
    )


def _takes_request_alone(dependant: Dependant) -> bool:
    documented = [isinstance(each.call, SecurityBase) for each in dependant.dependencies]
    names = (
        dependant.response_param_name,
        dependant.background_tasks_param_name,
        dependant.security_scopes_param_name,
        dependant.http_connection_param_name,
    )
    parameters = (dependant.path_params, dependant.query_params, dependant.header_params, dependant.cookie_params)
    takes_more = any(parameters) or any(names) or bool(dependant.body_params)
    return all(documented) and not takes_more and dependant.request_param_name is not None


def _plain(route: APIRoute, known: "QueryNames", reader: BodyReader, turn: asyncio.Semaphore) -> ASGIApp:
    """Return what answers a plain route as FastAPI does, which would solve its dependencies anew for every request.

    That takes half of the time of a request whose answer is known.
    """
    dependant = route.dependant
    body_name, request_name = dependant.body_params[0].name, dependant.request_param_name or ""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = BodyRequest(Request(scope, receive, send), reader, turn)
        known.check(request)
        values: dict[str, Any] = {request_name: request}
        for each in dependant.dependencies:
            found = await each.call(**{each.request_param_name or "": request}) if each.call else None
            if each.name is not None:
                values[each.name] = found
        if not await request.body():
            raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
        values[body_name] = await request.json()
        if request.faults:
            raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in request.faults])
        response: Response = await route.endpoint(**values)
        await response(scope, receive, send)

    return answer


class QueryNames:
    """The query parameters that a route knows, its dependencies' among them."""

    def __init__(self, route: APIRoute) -> None:
        """Read them off the route's signature."""
        fields = list(_query_fields(route.dependant))
        self._known = {field.alias for field in fields}
        self._repeatable = {field.alias for field in fields if _is_list(field.field_info.annotation)}

    def check(self, request: Request) -> None:
        """Raise InputError for a parameter that is not known, or that is given twice and means one value."""
        if not request.scope["query_string"]:
            return
        seen: set[str] = set()
        for name, _ in request.query_params.multi_items():
            if name not in self._known:
                raise InputError(self._unknown(name[:MOST_NAMED]), ("query", name[:MOST_NAMED]))
            if name in seen and name not in self._repeatable:
                raise InputError(f"{name} is given more than once; give it once", ("query", name))
            seen.add(name)

    def _unknown(self, name: str) -> str:
        if not self._known:
            return f"'{name}' is not known here: this route takes no query parameters"
        nearest = get_close_matches(name, self._known, n=1)
        hint = f"did you mean '{nearest[0]}'? " if nearest else ""
        return f"'{name}' is no parameter of this route; {hint}It takes {', '.join(sorted(self._known))}"


def _query_fields(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for needed in dependant.dependencies:
        yield from _query_fields(needed)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(part) in _LISTS for part in (annotation, *get_args(annotation)))
