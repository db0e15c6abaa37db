"""How the command line reaches a running voxpop."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.errors import SettingsError

DEFAULT_URL = "http://127.0.0.1:8000"
SECONDS = 60.0
POLL_SECONDS = 0.5


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


async def ask(http: httpx.AsyncClient, method: str, path: str, **content: Any) -> Any:
    """Return the decoded answer; raises ClientError for an error answer, NoServerError without one."""
    try:
        response = await http.request(method, path, **content)
    except httpx.TransportError:
        raise NoServerError(f"no answer from {http.base_url}; is `voxpop up` running there?") from None
    if response.is_success:
        return response.json()
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"status {response.status_code}; is this a voxpop server?"
    raise ClientError(str(detail))


async def train(
    http: httpx.AsyncClient, brand: str, basis: str = "behaviour", watch: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Start a run and wait for its end; `watch` gets progress (0 to 1) and stage. Raises ClientError if it failed."""
    run_id = (await ask(http, "POST", f"/v1/brands/{brand}/runs", json={"basis": basis}))["run_id"]
    while True:
        run: dict[str, Any] = await ask(http, "GET", f"/v1/runs/{run_id}")
        if watch:
            watch(float(run.get("progress") or 0), str(run.get("stage") or run["status"]))
        if run["status"] == "succeeded":
            return run
        if run["status"] in {"failed", "cancelled"}:
            raise ClientError(str(run.get("error") or f"the run was {run['status']}"))
        await asyncio.sleep(POLL_SECONDS)
