"""What the service and a worker process say to each other, and how it is written.

A frame is its length in eight bytes and a pickle; both ends are this program. A large Arrow table inside it does not
travel with it: it lies in a file beside, which the other end maps into its memory.
"""

import io
import pickle
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from services.clusters.worker.scratch import TableFile
from shared.errors import VoxpopError

HEAD: Final = struct.Struct(">Q")
LARGE: Final = 1 << 20
"""A table of so many bytes lies in a file of its own."""

Advance = Callable[[str, float], None]
"""Told the stage and how much of it is done, 0 to 1."""


@dataclass(frozen=True)
class Call:
    """A function of a module, called with `advance` and these arguments; large tables go into `folder`."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    folder: Path


@dataclass(frozen=True)
class Advanced:
    """How far the call is."""

    stage: str
    done: float


@dataclass(frozen=True)
class Returned:
    """The call's result."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The call's error: one of ours, or of another the kind and the place alone, since its words may quote a row."""

    error: VoxpopError | None
    kind: str
    place: str


Frame = Call | Advanced | Returned | Raised


def packed(frame: Frame, folder: Path) -> bytes:
    """Return a frame's bytes with its length before them; its large tables are written into `folder`.

    Raises OSError, and what pickle raises for what it cannot carry.
    """
    sink = io.BytesIO()
    sink.write(HEAD.pack(0))
    _Pickler(sink, folder).dump(frame)
    sink.seek(0)
    sink.write(HEAD.pack(sink.getbuffer().nbytes - HEAD.size))
    return sink.getvalue()


def unpacked(content: bytes | bytearray) -> Frame:
    """Return the frame of these bytes (without the length)."""
    frame: Frame = _Unpickler(io.BytesIO(content)).load()
    return frame


class _Pickler(pickle.Pickler):
    def __init__(self, sink: io.BytesIO, folder: Path) -> None:
        super().__init__(sink, protocol=pickle.HIGHEST_PROTOCOL)
        self._folder = folder

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, pa.Table) or value.nbytes < LARGE:
            return None
        file = TableFile(self._folder / f"{uuid.uuid4().hex}.arrow")
        file.append(value)
        return str(file.close().path)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: Any) -> Any:
        return TableFile(Path(name)).read()
