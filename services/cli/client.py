"""How the command line reaches a running voxpop."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.errors import SettingsError

DEFAULT_URL = "http://127.0.0.1:8000"
SECONDS = 60.0


class ClientError(Exception):
    """The server answered that it will not; the sentence is its own."""


class NoServerError(Exception):
    """The server cannot be reached."""


@asynccontextmanager
async def connect(service: str, url: str | None = None, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client for one service of the voxpop at `url`; without it `INGEST_URL` and the like say where it is.

    `key` is shown as bearer key, else the variable VOXPOP_API_KEY.
    """
    own = os.environ.get(f"{service.upper()}_URL")
    base = own if url is None and own else f"{(url or DEFAULT_URL).rstrip('/')}/{service}"
    _check(base)
    secret = key or os.environ.get("VOXPOP_API_KEY")
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=SECONDS, trust_env=False) as http:
        yield http


def _check(base: str) -> None:
    try:
        url = httpx.URL(base)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError("the address of voxpop must be such as http://127.0.0.1:8000")
    if url.userinfo:
        raise SettingsError(
            "the address of voxpop must hold no user and no password: every user of this machine can read it; "
            "set VOXPOP_API_KEY to the key to show"
        )


async def ask(http: httpx.AsyncClient, method: str, path: str, **content: Any) -> Any:
    """Return the decoded answer; raises ClientError for an error answer, NoServerError without one."""
    try:
        response = await http.request(method, path, **content)
    except httpx.TransportError:
        raise no_answer(http) from None
    if response.is_success:
        return response.json()
    raise ClientError(detail_of(response))


async def ask_text(http: httpx.AsyncClient, path: str, **content: Any) -> str:
    """Return an answer that is text; raises as `ask` does."""
    try:
        response = await http.get(path, **content)
    except httpx.TransportError:
        raise no_answer(http) from None
    if response.is_success:
        return response.text
    raise ClientError(detail_of(response))


def no_answer(http: httpx.AsyncClient) -> NoServerError:
    """Return the error of a server that cannot be reached."""
    return NoServerError(f"no answer from {http.base_url}; is `voxpop up` running there?")


def detail_of(response: httpx.Response) -> str:
    """Return the sentence of an error answer."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}; is this a voxpop server?"
