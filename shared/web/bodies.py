"""Bodies read and checked at once, in bounded time and memory, and where they are large off the event loop."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from starlette.types import Receive, Scope

from shared.errors import InputError
from shared.json_shape import JsonShape, ShapeError, has_half_character, largest
from shared.web.media_type import CSV, JSON

MOST: Final = JsonShape(items=2**20, strings=2**18, containers=2**16, depth=32)
"""What any body may hold: more is not read in 100 ms, or takes more than 40 times its bytes in memory."""
SPARE: Final = 100
MOST_ON_LOOP: Final = 64 * 1024
"""Bytes of a body that the event loop reads by itself: a millisecond or two."""
MOST_DIGITS: Final = 400
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_NO_BODY_OF_OURS: Final = ""

Faults = list[dict[str, Any]]


class UnreadableBodyError(ValueError):
    """A body that no value can be made of; the sentence says why, without a word of it."""


class BodyReader:
    """Reads the bodies of one route."""

    def __init__(self, route: APIRoute) -> None:
        """Learn from the route's model how much a body may hold; raises ShapeError where it sets no bound."""
        body: Any = route.body_field
        self._model: TypeAdapter[Any] = TypeAdapter(body.field_info.annotation)
        self.most = largest(self._model.json_schema()).with_room(SPARE).within(MOST)
        self.table: Callable[[bytes], Any] | None = getattr(body.field_info.annotation, "of_csv", None)

    def read(self, body: bytes) -> tuple[Any, Faults]:
        """Return what `body` says, checked, or why it is refused.

        It is counted before anything is made of it. A text with half a character in it, which the fast parser refuses
        whole, goes through the standard library's, so that the field is named. Values are made first, then checked: an
        error of pydantic's own JSON mode copies all that stands around the fault.
        """
        body = body.removeprefix(_UTF8_MARK)
        try:
            self.most.check(body)
            return self._model.validate_python(_values(body)), []
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            return None, [{**one} for one in found]
        except (ShapeError, UnreadableBodyError) as error:
            return None, [{"type": "body", "loc": (), "msg": str(error)}]

    def read_table(self, body: bytes) -> tuple[Any, Faults]:
        """Return what `body`, CSV, says to a model that reads it by its `of_csv`, or why it is refused."""
        if self.table is None:
            raise UnreadableBodyError("is CSV, which this route does not take")
        try:
            return self.table(body), []
        except InputError as error:
            return None, [{"type": "body", "loc": error.loc[1:], "msg": error.detail}]


class BodyRequest(Request):
    """A request whose `json()` is the route's model, made by its reader; FastAPI's own check then finds nothing to do.

    A body that is refused becomes a value that no model takes, so that the refusal comes where FastAPI checks bodies:
    after the key's scope.
    """

    def __init__(self, request: Request, reader: BodyReader, turn: asyncio.Semaphore) -> None:
        """Read for `request`; one large body is read at a `turn`, which all routes of an application share."""
        scope: Scope = request.scope
        receive: Receive = request.receive
        self._read = reader.read
        if reader.table is not None and request.headers.get("content-type", "").lower().startswith(CSV):
            # FastAPI asks for the JSON of what says to be JSON alone.
            others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
            scope = {**scope, "headers": [*others, (b"content-type", JSON.encode())]}
            self._read = reader.read_table
        super().__init__(scope, receive)
        self._turn = turn
        self.faults: Faults = []

    async def json(self) -> Any:
        """Return the body's model, or what no model takes where `faults` says why."""
        body = await self.body()
        if len(body) <= MOST_ON_LOOP:
            model, self.faults = self._read(body)
        else:
            # In turns: threads that parse take the interpreter's lock from one another and from the event loop.
            async with self._turn:
                model, self.faults = await asyncio.to_thread(self._read, body)
        return _NO_BODY_OF_OURS if self.faults else model


def _values(body: bytes) -> Any:
    try:
        return from_json(body, cache_strings="keys")
    except ValueError as error:
        if not has_half_character(body):
            raise UnreadableBodyError(f"is not valid JSON: {error}") from None
    try:
        return json.loads(body.decode(), parse_int=_whole, parse_float=_fraction)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno} column {error.colno}"
        raise UnreadableBodyError(f"is not valid JSON: {error.msg} {where}") from None
    except UnicodeDecodeError:
        raise UnreadableBodyError("is not in UTF-8") from None
    except RecursionError:
        raise UnreadableBodyError("has too many lists and objects in one another") from None


def _whole(digits: str) -> int:
    return int(_not_too_long(digits))


def _fraction(digits: str) -> float:
    return float(_not_too_long(digits))


def _not_too_long(digits: str) -> str:
    """Return `digits`; what takes a time that grows with their square is refused."""
    if len(digits) > MOST_DIGITS:
        raise UnreadableBodyError(f"holds a number of more than {MOST_DIGITS} digits")
    return digits
