"""The profiles service in a process of its own that starts quickly: forked from one that has imported it already."""

import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import uvloop

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from services.server import bind, run, url_of
from shared.logs import configure_logs

PATIENCE = 60.0
"""Seconds after which a server that does not answer has failed."""
HOST = "127.0.0.1"
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload([__name__])


def serve(folder: Path, told: Connection, more: Mapping[str, Any]) -> None:
    """Do what `voxpop serve profiles` does, on a free port that is `told`; what it says goes into a file.

    `more` are settings.
    """
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    configure_logs("INFO")
    settings = ProfilesSettings(_env_file=None, data_dir=folder, rate_limit="100000/second", **more)
    listening = bind(HOST, 0)

    async def beside() -> None:
        told.send(url_of(HOST, listening.getsockname()[1]))

    uvloop.run(run(create_app(settings), listening, settings, beside))


class ProfilesProcess:
    """A server with its database `profiles.db` in a folder."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """Start it."""
        self.url = ""
        self._told, telling = _FORKING.Pipe(duplex=False)
        self._process: BaseProcess = _FORKING.Process(target=serve, args=(folder, telling, settings))
        self._process.start()
        telling.close()

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Return once it is ready; `url` is set then."""
        self.url = await asyncio.to_thread(self._told.recv)
        assert (await http.get(f"{self.url}/readyz")).status_code == 200

    def kill(self) -> None:
        """End it at once, by SIGKILL, with no chance to tidy up."""
        self._process.kill()
        self._process.join(PATIENCE)

    def stop(self) -> None:
        """Ask it to end, where it has not."""
        self._process.terminate()
        self._process.join(PATIENCE)
        self._told.close()
