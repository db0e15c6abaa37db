"""Runs the tests marked `mongo` against a real server: the one at hand, else one that is started for them."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
JARS = ROOT / ".tools" / "mongo-test"
STOP_SECONDS = 10


class UnavailableError(Exception):
    """There is no server to test against; the sentence says what is missing."""


def main() -> int:
    """Run pytest, with this command's arguments passed on, or after `--` another command; return its exit code."""
    try:
        with server() as url:
            host = urlsplit(url).hostname or "127.0.0.1"
            testing = [sys.executable, "-m", "pytest", "-m", "mongo", f"--allow-hosts=127.0.0.1,::1,{host}"]
            asked = sys.argv[1:]
            command = asked[1:] if asked[:1] == ["--"] else [*testing, *asked]
            environment = {**os.environ, "MONGODB_TEST_URL": url}
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own command
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 2


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of MONGODB_TEST_URL's server, of a `mongod` on PATH, or of the Java test server.

    Raises UnavailableError.
    """
    if url := os.environ.get("MONGODB_TEST_URL"):
        print("MongoDB: the server of MONGODB_TEST_URL", flush=True)
        yield url
    elif mongod := shutil.which("mongod"):
        print(f"MongoDB: {mongod}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            port = _free_port()
            command = [mongod, "--dbpath", folder, "--bind_ip", "127.0.0.1", "--port", str(port)]
            with _running(command, "Waiting for connections"):
                yield f"mongodb://127.0.0.1:{port}"
    else:
        print("MongoDB: de.bwaldvogel:mongo-java-server, in memory", flush=True)
        with _running(_java_command(), "listening ") as line:
            yield f"mongodb://127.0.0.1:{line.split()[-1]}"


def _java_command() -> list[str]:
    java = _required("java")
    if not any(JARS.glob("mongo-java-server-*.jar")):
        copying = ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}", "-DincludeScope=runtime"]
        command = [_required("mvn"), "--quiet", "--batch-mode", "--file", str(HERE / "pom.xml"), *copying]
        if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own command
            raise UnavailableError("Maven could not fetch the test server's jars; its message stands above.")
    source = str(HERE / "MongoTestServer.java")
    # With more threads this server may send a document as another command has just changed it, not as it matched.
    one_thread = "-Dio.netty.eventLoopThreads=1"
    return [java, "-Dslf4j.internal.verbosity=ERROR", one_thread, "-cp", str(JARS / "*"), source]


def _required(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise UnavailableError(
            f"No MongoDB to test against, and no `{program}` to start one. Set MONGODB_TEST_URL, put `mongod` on "
            "PATH, or install a Java 17 JDK and Maven."
        )
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: Sequence[str], sign: str) -> Iterator[str]:
    """Run a server and yield the line of its output that has the sign; stop it after.

    What it prints later is read and dropped: a full pipe would halt it.
    """
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        try:
            line = next((line for line in process.stdout or () if sign in line), None)
            if line is None:
                complaints.seek(0)
                raise UnavailableError(f"The test server did not start: {complaints.read().strip()}")
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            yield line
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
