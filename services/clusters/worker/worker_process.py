"""One worker process as the service sees it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from services.clusters.worker.frame import HEAD, Advance, Advanced, Call, Frame, Raised, Returned, packed, unpacked
from shared.errors import VoxpopError

CHILD: Final = "services.clusters.worker.child"
MOST_ON_LOOP: Final = 64 * 1024
"""Bytes that the event loop makes values of by itself."""
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class WorkerLostError(VoxpopError):
    """The process that computed is gone: it was killed, it crashed, or it took too long."""


class ComputationError(VoxpopError):
    """What was computed raised what it should not; `kind` and `place` name the error, for the log."""

    def __init__(self, kind: str, place: str) -> None:
        """Keep the error's class and its line."""
        super().__init__("computing failed unexpectedly; the log of clusters names the error")
        self.kind = kind
        self.place = place


class WorkerProcess:
    """A process that was started and computes one call at a time; `idle` where it may be given the next."""

    def __init__(self, modules: Sequence[str], threads: int) -> None:
        """Start it: it imports `modules` first, and computes on `threads` threads at the most. Raises OSError."""
        own, inherited = socket.socketpair()
        own.settimeout(0)
        with inherited:
            try:
                self._process = _started(inherited.fileno(), modules, threads)
            except BaseException:
                own.close()
                raise
        self._channel = own
        self.idle = True

    @property
    def alive(self) -> bool:
        """Tell whether the process has not ended so far as is known."""
        return self._process.poll() is None

    async def call(self, function: Callable[..., Any], arguments: Sequence[Any], report: Advance, folder: Path) -> Any:
        """Return what `function(advance, *arguments)` returns there; `report` gets what it tells `advance`.

        Where this is cancelled the process is not idle any more, and of no use but to be killed. Raises VoxpopErrors as
        they were raised there, ComputationError for any other, WorkerLostError, OSError where `folder` cannot be used.
        """
        content = await asyncio.to_thread(packed, Call(function, tuple(arguments), folder), folder)
        self.idle = False
        try:
            await asyncio.get_running_loop().sock_sendall(self._channel, content)
            frame = await self._received()
            while isinstance(frame, Advanced):
                report(frame.stage, frame.done)
                frame = await self._received()
        except (ConnectionError, EOFError):
            raise WorkerLostError(
                "the process that computed was ended from outside, as it is where memory runs out; "
                "give the service more memory, or try again"
            ) from None
        self.idle = True
        if isinstance(frame, Returned):
            return frame.value
        assert isinstance(frame, Raised)  # noqa: S101 - both ends are this program
        raise frame.error or ComputationError(frame.kind, frame.place)

    def kill(self) -> None:
        """End the process at once, whatever it does; a call that is on raises WorkerLostError."""
        self.idle = False
        self._process.kill()

    def close(self) -> None:
        """End the process where no call is on; `reap` waits until it is gone."""
        self.kill()
        self._channel.close()

    def reap(self) -> None:
        """Wait until the killed process is gone."""
        self._process.wait()

    async def _received(self) -> Frame:
        (length,) = HEAD.unpack(await self._exactly(HEAD.size))
        content = await self._exactly(length)
        return unpacked(content) if length <= MOST_ON_LOOP else await asyncio.to_thread(unpacked, content)

    async def _exactly(self, count: int) -> bytearray:
        content = bytearray(count)
        left = memoryview(content)
        while left:
            read = await asyncio.get_running_loop().sock_recv_into(self._channel, left)
            if not read:
                raise EOFError
            left = left[read:]
        return content


def _started(descriptor: int, modules: Sequence[str], threads: int) -> subprocess.Popen[bytes]:
    """Start the child by a fresh interpreter: nothing of this process goes along but its paths and its environment."""
    environment = {
        **os.environ,
        **dict.fromkeys(THREADS, str(threads)),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    arguments = [sys.executable, "-P", "-m", CHILD, str(descriptor), *modules]
    return subprocess.Popen(  # noqa: S603 - our own module
        arguments, env=environment, pass_fds=(descriptor,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
