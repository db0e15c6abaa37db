"""A voxpop in a process of its own, on a free port, with a data folder that goes away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """Where a process answers, and which it is."""

    url: str
    pid: int


@contextmanager
def serving(*command: str, ready: str, **environment: str) -> Iterator[Server]:
    """Run `voxpop COMMAND` and yield its server once `ready` answers 200; stop it at the end."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["-m", "services.cli", *command, "--port", str(port), "--data-dir", folder]
        with _process(arguments, port, ready, environment) as server:
            yield server


@contextmanager
def bare_server() -> Iterator[Server]:
    """Run the app of `bench.bare` under uvicorn."""
    port = _free_port()
    arguments = [
        "-m",
        "uvicorn",
        "bench.bare:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--timeout-keep-alive",
        "60",
    ]
    with _process(arguments, port, "/readyz", {}) as server:
        yield server


@contextmanager
def _process(arguments: list[str], port: int, ready: str, environment: dict[str, str]) -> Iterator[Server]:
    process = subprocess.Popen([sys.executable, *arguments], env={**os.environ, **environment})  # noqa: S603 - our own command
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url + ready)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {START_SECONDS:.0f} s")
