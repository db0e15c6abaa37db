"""The worker process from inside: `python -m services.clusters.worker.child DESCRIPTOR MODULE...`.

It answers calls one after the other on the socket that it inherited, and dies with the service.
"""

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from services.clusters.worker.frame import HEAD, Advanced, Call, Frame, Raised, Returned, packed, unpacked
from shared.errors import VoxpopError

NICENESS: Final = 10
OOM_SCORE: Final = "500"
"""Where memory runs out, the kernel ends this process before the service."""
LEAST_SECONDS: Final = 0.05
"""Progress within a stage is told no more often."""


def main(descriptor: int, modules: list[str]) -> None:
    """Import `modules`, then answer calls until the service is gone."""
    channel = socket.socket(fileno=descriptor)
    _stand_back(channel)
    for module in modules:
        importlib.import_module(module)
    while (content := _received(channel)) is not None:
        call = unpacked(content)
        assert isinstance(call, Call)  # noqa: S101 - both ends are this program
        _send(channel, _answer(call, channel), call.folder)
        del call, content
        _give_memory_back()


def _stand_back(channel: socket.socket) -> None:
    """Leave processor, memory and Ctrl-C to the service, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, "ascii")
    Thread(target=_die_with, args=(channel.fileno(),), daemon=True).start()


def _die_with(descriptor: int) -> None:
    """End this process, whatever it computes, once the other end of its socket is closed."""
    hung_up = select.poll()
    hung_up.register(descriptor, 0)  # no event but the end: the main thread reads
    hung_up.poll()
    os._exit(1)


def _answer(call: Call, channel: socket.socket) -> Frame:
    told: dict[str, float] = {}

    def advance(stage: str, done: float) -> None:
        now = time.monotonic()
        if stage not in told or done >= 1 or now - told[stage] >= LEAST_SECONDS:
            told[stage] = now
            _send(channel, Advanced(str(stage), float(done)), call.folder)

    try:
        return Returned(call.function(advance, *call.arguments))
    except VoxpopError as error:
        return Raised(error, type(error).__name__, "")
    except Exception as error:  # noqa: BLE001 - the service says what failed, and the next call is answered
        return Raised(None, type(error).__name__, _place(error))


def _place(error: Exception) -> str:
    """Return where an error was raised, without a word of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _send(channel: socket.socket, frame: Frame, folder: Path) -> None:
    try:
        content = packed(frame, folder)
    except Exception as error:  # noqa: BLE001 - a result that cannot be sent is an error of the call
        content = packed(Raised(None, type(error).__name__, _place(error)), folder)
    channel.sendall(content)


def _received(channel: socket.socket) -> bytes | None:
    head = _exactly(channel, HEAD.size)
    return None if head is None else _exactly(channel, HEAD.unpack(head)[0])


def _exactly(channel: socket.socket, count: int) -> bytes | None:
    content = bytearray()
    while len(content) < count:
        part = channel.recv(min(count - len(content), 1 << 20))
        if not part:
            return None
        content += part
    return bytes(content)


def _give_memory_back() -> None:
    """Hand what the call took back to the system: the process lives on."""
    gc.collect()
    pyarrow: Any = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
