"""The whole of voxpop, in this process or in one of its own, with the shipped model."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from services.local import create_local_app, local_settings

Client = Callable[[str], httpx.AsyncClient]

PSEUDONYM_KEY = "0123456789abcdef-a-key-of-the-tests-0123456789"


@asynccontextmanager
async def client_of(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and yield a client of it."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://voxpop", headers=headers, timeout=60
        ) as client:
            yield client


async def ended(app: FastAPI, run_id: str) -> None:
    """Wait until a run of clusters has ended."""
    (clusters,) = (route.app for route in app.routes if isinstance(route, Mount) and route.path == "/clusters")
    await clusters.state.resources.trainer.ended(run_id)  # type: ignore[attr-defined]


@pytest.fixture
async def voxpop(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the four services in this process, with empty stores."""
    async with client_of(create_local_app(local_settings(data_dir=tmp_path))) as client:
        yield client


class Server:
    """`voxpop up` in a process of its own."""

    MODULE = "services.cli"

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it on a free port, with its data in `folder`, and wait until it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOXPOP", "PYTEST"))}
        environment |= {"VOXPOP_PSEUDONYM_KEY": PSEUDONYM_KEY, "PYTHONUNBUFFERED": "1"}
        arguments = [sys.executable, "-m", self.MODULE, "up", "--port", "0", "--data-dir", str(folder), *options]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]

    def lines_until(self, words: str) -> list[str]:
        """Return what it prints up to the line that holds `words`."""
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if words in line:
                return lines
        raise AssertionError(f"it ended without saying {words!r}")

    def limit_files(self, most: int) -> None:
        """Let it write no file beyond so many bytes, as a full disk or a quota would; -1 ends that."""
        _, hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, hard))

    def kill(self) -> None:
        """End it at once, with no chance to tidy up."""
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def wait(self) -> int:
        """Wait until it has ended by itself, and return how."""
        self._end()
        return self._process.returncode

    def stop(self) -> None:
        """Ask it to end."""
        self._process.terminate()
        self._end()
        assert self._process.returncode in {0, -signal.SIGKILL}

    def _end(self) -> None:
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server on the data folder of a name."""
    running: list[Server] = []

    def starting(name: str, *options: str) -> Server:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        running.append(Server(folder, *options))
        return running[-1]

    yield starting
    for server in running:
        server.stop()


async def every_profile(client: httpx.AsyncClient, brand: str) -> dict[str, dict[str, Any]]:
    """Return all profiles of a brand by their key."""
    found: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    while True:
        parameters: dict[str, Any] = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/profiles/v1/brands/{brand}/profiles", params=parameters)).json()
        found |= {profile["author_key"]: profile for profile in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found
