"""Errors as `application/problem+json` (RFC 9457); no answer repeats what was sent."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    NotReadyError,
    OverloadedError,
    PeerRefusedError,
    PeerUnavailableError,
    RateExceededError,
    SettingsError,
    StoreFaultError,
    VoxpopError,
)

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 8
MOST_PARTS = 12
"""Of the path to a field."""
MOST_CHARACTERS = 64
"""Of a name in that path."""
MOST_DETAIL = 1000
"""Characters of a sentence."""
_UNKNOWN = "extra_forbidden"
_STATUS: dict[type[VoxpopError], int] = {
    InputError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    OverloadedError: 503,
    RateExceededError: 429,
    NotReadyError: 503,
    PeerUnavailableError: 503,
    StoreFaultError: 503,
    PeerRefusedError: 502,
    # Found out while it ran: a database that refuses the user, say.
    SettingsError: 503,
}


def problem(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return one problem answer; `errors` is a list of `{loc, msg}`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _printable(detail),
        "request_id": current_request_id(),
    }
    if errors is not None:
        body["errors"] = [
            {"loc": [_printable(part) for part in item["loc"]], "msg": _printable(item["msg"])} for item in errors
        ]
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def current_request_id() -> str | None:
    """Return the id of the request being answered in this context."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return str(request_id) if request_id is not None else None


def install_problems(app: FastAPI) -> None:
    """Make every error of `app` a problem answer."""
    app.add_exception_handler(VoxpopError, _voxpop)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _voxpop(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, VoxpopError):
        raise error
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    retry_after = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
    errors = [{"loc": list(error.loc), "msg": error.detail}] if isinstance(error, InputError) and error.loc else None
    return problem(status, error.detail, errors=errors, headers=headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = _shown(error)
    first = ".".join(str(part) for part in errors[0]["loc"]) if errors else "request"
    detail = f"{first}: {errors[0]['msg']}" if errors else "the request is not valid"
    return problem(422, detail, errors=errors)


async def _http(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers=headers)


def _shown(error: RequestValidationError) -> list[dict[str, Any]]:
    """Return the first few different errors; of fields that are not known the first alone, for there may be many."""
    shown: list[dict[str, Any]] = []
    unknown = 0
    for item in error.errors():
        unknown += item["type"] == _UNKNOWN
        one = {"loc": [_short(part) for part in item["loc"][:MOST_PARTS]], "msg": item["msg"]}
        if one not in shown and not (item["type"] == _UNKNOWN and unknown > 1):
            shown.append(one)
        if len(shown) == MOST_ERRORS:
            break
    return shown


def _short(part: Any) -> Any:
    """Cut what may be a client's own name for a field, of any length."""
    return part[:MOST_CHARACTERS] if isinstance(part, str) else part


def _printable(part: Any) -> Any:
    """Replace lone surrogates, which a field's name may hold and UTF-8 cannot; nothing is longer than it need be."""
    return part[:MOST_DETAIL].encode("utf-8", "replace").decode() if isinstance(part, str) else part
