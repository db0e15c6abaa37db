"""A voxpop in a process of its own, on a free port, with a data folder that goes away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

START_SECONDS = 60.0


@contextmanager
def serving(*command: str, ready: str, **environment: str) -> Iterator[str]:
    """Run `voxpop COMMAND` and yield its address once `ready` answers 200; stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "services.cli", *command, "--port", str(port), "--data-dir", folder]
        process = subprocess.Popen(arguments, env={**os.environ, **environment})  # noqa: S603 - our own command
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url + ready)
            yield url
        finally:
            process.terminate()
            process.wait(30)


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
