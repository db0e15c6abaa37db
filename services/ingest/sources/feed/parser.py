"""Feeds are read in a process of their own, which a limit of CPU time and memory ends.

feedparser takes a time that grows with the square of some inputs (blank heads, `<author>`), and fails on others in ways
of its own. What one feed does to the process is that feed's fault alone: the next feed gets a fresh one.
"""

import asyncio
import json
import math
import os
import resource
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import IO, Any, Final, Self

from services.ingest.sources.feed.entries import FeedEntries, NoFeedError, read_entries

CPU_SECONDS: Final = 8
"""For one feed; a feed of 5 MiB takes 1.5 s."""
DATA_BYTES: Final = 384 * 2**20
"""Of memory that the process may write to; a feed of 5 MiB takes 80 MiB."""
MAX_REPLY: Final = 32 * 2**20
FEEDS_A_PROCESS: Final = 200
"""Then a fresh one begins, whatever the library has kept."""
_NICE: Final = 10
LAST_RESORT_SECONDS: Final = 300.0
"""Real seconds after which a process that neither works nor answers is ended."""


class CostlyFeedError(NoFeedError):
    """A feed took more than it may to read, or ended the process in another way."""


class FeedParser:
    """Reads one feed at a time; an async context manager that ends its process.

    The process begins with the first feed and is kept for the next. It sees no settings and no secrets.
    """

    def __init__(self, cpu_seconds: int = CPU_SECONDS, data_bytes: int = DATA_BYTES) -> None:
        """Bound each feed's CPU time and the process's memory."""
        self._limits = (cpu_seconds, data_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="feeds")
        self._process: subprocess.Popen[bytes] | None = None
        self._feeds = 0
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()
        self._thread.submit(self._end)
        await asyncio.to_thread(self._thread.shutdown)

    async def read(self, body: bytes, content_type: str, url: str, now: datetime, *, about_brand: bool) -> FeedEntries:
        """Return what `read_entries` returns, after the feeds that were asked for before.

        Raises NoFeedError, and CostlyFeedError past the limits.
        """
        told = {"content_type": content_type, "url": url, "now": now.isoformat(), "about_brand": about_brand}
        heading = json.dumps(told | {"length": len(body)}).encode() + b"\n"
        reply = await asyncio.get_running_loop().run_in_executor(self._thread, partial(self._ask, heading, body))
        if "fault" in reply:
            raise NoFeedError(reply["fault"])
        return FeedEntries(reply["posts"], Counter(reply["dropped"]), reply["is_whole"])

    def _ask(self, heading: bytes, body: bytes) -> dict[str, Any]:
        process = self._begun()
        last_resort = threading.Timer(LAST_RESORT_SECONDS, process.kill)
        last_resort.daemon = True
        last_resort.start()
        try:
            return _conversation(process, heading, body)
        except (OSError, ValueError):
            self._end()
            cpu_seconds, data_bytes = self._limits
            raise CostlyFeedError(
                f"it cannot be read within {cpu_seconds} s of CPU and {data_bytes >> 20} MiB of memory"
            ) from None
        finally:
            last_resort.cancel()

    def _begun(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None or self._feeds >= FEEDS_A_PROCESS:
            self._end()
            process = self._process = subprocess.Popen(  # noqa: S603 - this module itself
                [sys.executable, "-P", "-m", __name__, *map(str, self._limits)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
            if self._is_closed:
                process.kill()
        self._feeds += 1
        return process

    def _end(self) -> None:
        process, self._process, self._feeds = self._process, None, 0
        if process is not None:
            process.kill()
            with suppress(OSError):
                process.communicate()


def _conversation(process: subprocess.Popen[bytes], heading: bytes, body: bytes) -> dict[str, Any]:
    """Return the answer of the process; raises OSError or ValueError where it ends or answers too much."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("a process without pipes")
    process.stdin.write(heading)
    process.stdin.write(body)
    process.stdin.flush()
    length = int(process.stdout.readline(16))
    if length > MAX_REPLY:
        raise ValueError("an answer of more than a feed holds")
    reply: dict[str, Any] = json.loads(process.stdout.read(length))
    return reply


def serve(questions: IO[bytes], answers: IO[bytes], cpu_seconds: int) -> None:
    """Answer one feed after the other until there are no more; the CPU time of each is limited anew."""
    while line := questions.readline():
        told = json.loads(line)
        body = questions.read(told["length"])
        _allow(cpu_seconds)
        reply = json.dumps(_read(told, body)).encode()
        answers.write(b"%d\n" % len(reply) + reply)
        answers.flush()


def _read(told: dict[str, Any], body: bytes) -> dict[str, Any]:
    now = datetime.fromisoformat(told["now"])
    try:
        read = read_entries(body, told["content_type"], told["url"], now, about_brand=told["about_brand"])
    except NoFeedError as error:
        return {"fault": str(error)}
    return {"posts": read.posts, "dropped": read.dropped, "is_whole": read.is_whole}


def _allow(cpu_seconds: int) -> None:
    """Let the kernel end this process after so much more CPU time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _main() -> None:
    cpu_seconds, data_bytes = map(int, sys.argv[1:])
    # What a feed costs is paid after whatever a client waits for.
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (data_bytes, data_bytes))
    serve(sys.stdin.buffer, sys.stdout.buffer, cpu_seconds)


if __name__ == "__main__":
    _main()
