"""One client's connection: uvicorn's protocol with a bound on headers, and a deadline wherever it waits for its client.

A client that sends half a request, stops in the middle of a body or does not read its answer costs a connection for
seconds. Where connections are all taken, one that waits for its client goes for the new one.
"""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 32 * 2**10
"""Of a request line with all headers; of what comes between two pieces of a body, too."""
MOST_PIPELINED: Final = 32
"""Requests that are sent before their turn."""
LINGER_SECONDS: Final = 2.0
"""What a refused client still sends is read for so long: one that is cut off would not see why."""
SLOWEST: Final = 512
"""Bytes a second that a body brings, or a reader takes, at the least."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Seconds for a request's head, seconds without progress of a body or an answer, and connections at a time."""

    head_seconds: float
    stall_seconds: float
    most: int


class Phase(Enum):
    """What a connection waits for: its next request, a request's head, its body, or our answer."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()


class HttpConnection(HttpToolsProtocol):
    """A connection that ends by itself where its client does not go on."""

    def __init__(self, *, limits: ConnectionLimits, **of_uvicorn: Any) -> None:
        """Hold to the limits; the rest is what uvicorn gives its protocols."""
        super().__init__(**of_uvicorn)
        self._limits = limits
        self.phase = Phase.HEAD
        self.opened = self.loop.time()
        self._head_bytes = self._body_bytes = self._between = 0
        self._was_full = self._drained = self._refused = False
        self._watched: Phase | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None

    @property
    def host(self) -> str:
        """Return the client's address."""
        return self.client[0] if self.client else ""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self._limits.most and not self._make_room():
            self._refuse(503, "too many connections are open; try again in a moment")
            return
        self._watch()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._deadline, self._reader):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        while data and not (self._refused or self.transport.is_closing()):
            if self.phase is Phase.IDLE:
                self.phase = Phase.HEAD
            in_head = self.phase is Phase.HEAD
            size = MOST_HEAD_BYTES + 1 - self._head_bytes if in_head else len(data)
            piece, data = data[:size], data[size:]
            body_bytes = self._body_bytes
            self._head_bytes += len(piece) if in_head else 0
            super().data_received(piece)
            self._between = self._between + len(piece) if self._body_bytes == body_bytes and not in_head else 0
            if self.phase in {Phase.HEAD, Phase.BODY} and max(self._head_bytes, self._between) > MOST_HEAD_BYTES:
                self._refuse(431, f"the headers are larger than {MOST_HEAD_BYTES} bytes")
        if not self._refused:
            self._watch()

    @override
    def on_message_begin(self) -> None:
        self.phase = Phase.HEAD
        super().on_message_begin()

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is Phase.HEAD:
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise ValueError("more requests were sent than are answered ahead")
        if not self.url.startswith(b"/"):
            self._take_host_of_target()
        self.phase = Phase.BODY
        self._head_bytes = self._between = 0
        super().on_headers_complete()

    @override
    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)
        self._was_full = self._was_full or self.flow.read_paused

    @override
    def on_message_complete(self) -> None:
        self.phase = Phase.IDLE if self.cycle.response_complete else Phase.ANSWER
        self._watched = None
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.phase is Phase.BODY and self.cycle.response_complete:
            # What is left of the body is read for a while: a client that is cut off would not see the answer.
            self._set_deadline(self._limits.head_seconds, self.transport.close)
            self._watched = self.phase
        elif self.phase is Phase.ANSWER and self.cycle.response_complete:
            self.phase = Phase.IDLE
        if self._reader is None and self.transport.get_write_buffer_size():
            self._watch_reader()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reader is None:
            self._watch_reader()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._drained = True

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is no HTTP request that can be read")

    def _take_host_of_target(self) -> None:
        """Have a target that names a host stand for the header, as RFC 9112 (3.2.2) says."""
        authority = urlsplit(self.url).netloc
        if authority:
            self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"]
            self.headers.append((b"host", authority))

    def _watch(self) -> None:
        """Set the deadline of what is waited for; one that runs already for the same thing goes on."""
        if self._watched is self.phase:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._watched, self._deadline = self.phase, None
        if self.phase is Phase.HEAD:
            self._set_deadline(self._limits.head_seconds, self._give_up_head)
        elif self.phase is Phase.BODY:
            self._watch_body()

    def _watch_body(self) -> None:
        self._body_bytes, self._was_full = 0, self.flow.read_paused
        self._set_deadline(self._limits.stall_seconds, self._look_at_body)

    def _set_deadline(self, seconds: float, late: Callable[[], None]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, late)

    def _give_up_head(self) -> None:
        if self._head_bytes:
            self._refuse(408, f"the headers did not come within {self._limits.head_seconds:g} s")
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        """End the request where too little of its body came, unless it was we who did not take more."""
        if self._was_full or self._body_bytes >= SLOWEST * self._limits.stall_seconds:
            self._watch_body()
        else:
            self._refuse(408, f"the body came too slowly: less than {SLOWEST} bytes a second; send it again")

    def _watch_reader(self) -> None:
        left, self._drained = self.transport.get_write_buffer_size(), False
        self._reader = self.loop.call_later(self._limits.stall_seconds, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        """Break the connection where the client took too little of what waits for it."""
        self._reader = None
        left = self.transport.get_write_buffer_size()
        if not left:
            return
        if self._drained or before - left >= SLOWEST * self._limits.stall_seconds:
            self._watch_reader()
        else:
            self.transport.abort()

    def _make_room(self) -> bool:
        """Close a connection that waits for its client; of the address that has most of them, the oldest."""
        waiting = [
            other
            for other in self.connections
            if isinstance(other, HttpConnection) and other is not self and other.phase is not Phase.ANSWER
        ]
        if not waiting:
            return False
        of_host = Counter(other.host for other in waiting)
        last = min(waiting, key=lambda other: (-of_host[other.host], other.phase is Phase.BODY, other.opened))
        last.transport.abort()
        self.connections.discard(last)
        return True

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem and close, where no other answer is due or under way; else break the connection."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline or self.phase is Phase.HEAD:
                self.transport.abort()
                return
        self._refused, self.phase = True, Phase.IDLE
        self.transport.write(_problem(status, detail))
        self.transport.write_eof()
        self._set_deadline(LINGER_SECONDS, self.transport.abort)


def _problem(status: int, detail: str) -> bytes:
    phrase = HTTPStatus(status).phrase
    request_id = uuid.uuid4().hex
    told = {"type": "about:blank", "title": phrase, "status": status, "detail": detail, "request_id": request_id}
    body = json.dumps(told)
    head = [
        f"HTTP/1.1 {status} {phrase}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "connection: close",
    ]
    return "\r\n".join([*head, "", body]).encode()
