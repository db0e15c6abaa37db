"""A MongoDB server to test against: that of MONGODB_TEST_URL, else one that is started here, a replica set of one.

`python -m tests.servers.mongo` runs the tests marked `mongo` against it, with the command's arguments passed on to
pytest, or after `--` another command. Beside a `mongod` on the PATH there is SecantusDB, a development dependency: a
server on MongoDB's storage engine, of another licence than ours, which is why it runs as a process of its own.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.1
_INITIATED_ALREADY = 23


class UnavailableError(Exception):
    """There is no server to test against; the sentence says what is missing."""


def main() -> int:
    """Run the tests, or the command after `--`, and return its exit code."""
    try:
        with server() as url:
            host = urlsplit(url).hostname or "127.0.0.1"
            testing = [sys.executable, "-m", "pytest", "-m", "mongo", f"--allow-hosts=127.0.0.1,::1,{host}"]
            asked = sys.argv[1:]
            command = asked[1:] if asked[:1] == ["--"] else [*testing, *asked]
            environment = {**os.environ, "MONGODB_TEST_URL": url}
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own command
    except UnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 2


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of MONGODB_TEST_URL's server, else of one that is started for this; raises UnavailableError."""
    if url := os.environ.get("MONGODB_TEST_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        started = MongoServer(Path(folder))
        started.start()
        try:
            yield started.url
        finally:
            started.stop()


class MongoServer:
    """A server of one's own, on one folder and one port through all its starts; stopped gently or by SIGKILL."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """Keep the data in `folder`; a `durable` server has what it has committed even after a SIGKILL."""
        self._folder = folder
        self._options = ["--sync-on-commit"] if durable else []
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"mongodb://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server and return once it takes writes; raises UnavailableError where it does not."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log)  # noqa: S603 - our own command
        deadline = time.monotonic() + START_SECONDS
        while not self._takes_writes():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                said = (self._folder / "server.log").read_text(errors="replace")
                raise UnavailableError(f"The MongoDB test server did not start: {said[-2000:]}")
            with suppress(subprocess.TimeoutExpired):
                # A server that ends while it starts is told at once.
                self._process.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Ask the server to stop and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the server as a power failure would: nothing is flushed, and no client is told."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _command(self) -> list[str]:
        data = self._folder / "data"
        data.mkdir(exist_ok=True)
        if mongod := shutil.which("mongod"):
            listening = ["--bind_ip", "127.0.0.1", "--port", str(self._port)]
            return [mongod, "--replSet", "rs0", "--dbpath", str(data), *listening]
        secantus = Path(sys.executable).with_name("secantusd-py")
        if not secantus.exists():
            raise UnavailableError("No MongoDB to test against: set MONGODB_TEST_URL, or run `make setup`.")
        listening = ["--host", "127.0.0.1", "--port", str(self._port)]
        return [str(secantus), *listening, "--storage-path", str(data), *self._options]

    def _takes_writes(self) -> bool:
        with pymongo.MongoClient[dict[str, object]](
            self.url, directConnection=True, serverSelectionTimeoutMS=500
        ) as client:
            try:
                found = client.admin.command("hello")
                if "setName" not in found:
                    _initiate(client, self._port)
                return bool(found.get("isWritablePrimary"))
            except PyMongoError:
                return False


def _initiate(client: "pymongo.MongoClient[dict[str, object]]", port: int) -> None:
    members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
    try:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
    except OperationFailure as error:
        if error.code != _INITIATED_ALREADY:
            raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
