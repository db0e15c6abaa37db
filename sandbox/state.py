"""What the sandbox knows: posts, rules, faults to inject, and what clients did."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sandbox.connection import StreamConnection
from sandbox.credentials import SandboxCredentials
from sandbox.faults import FaultKind, FaultPlace, Faults
from sandbox.post import PublishedPost, SandboxAccount
from sandbox.rules import SandboxRules
from sandbox.timeline import OWN_NAME, SETTLING, PostWriter, Timeline
from shared.clock import Clock, SystemClock

ALLOWED: Final[dict[FaultPlace, int]] = {"connect": 50, "rules": 450, "search": 450, "create": 200, "me": 75}
"""Requests in 15 minutes; X's figures differ by plan."""
WINDOW_SECONDS: Final = 900
DEFAULT_AUTHOR: Final = SandboxAccount("2000000001", "somebody", followers=12, following=30, posts=400)
_PATIENCE_SECONDS: Final = 10.0


@dataclass
class _Window:
    ends: float
    used: int = 0


class RequestLimits:
    """Counts requests as X does, by endpoint in windows of 15 minutes, and writes X's three headers."""

    def __init__(self, clock: Clock, allowed: dict[FaultPlace, int]) -> None:
        """Allow so many requests a window at each place."""
        self._clock = clock
        self.allowed = allowed
        self._windows: dict[FaultPlace, _Window] = {}

    def count(self, place: FaultPlace) -> tuple[bool, dict[str, str]]:
        """Count a request; returns whether it is allowed, and the headers of its answer."""
        now = self._clock.now().timestamp()
        window = self._windows.get(place)
        if window is None or window.ends <= now:
            window = self._windows[place] = _Window(now + WINDOW_SECONDS)
        allowed = self.allowed[place]
        is_allowed = window.used < allowed
        window.used += is_allowed
        return is_allowed, self._headers(allowed, allowed - window.used, window.ends)

    def spend(self, place: FaultPlace, seconds: float) -> dict[str, str]:
        """Use a window up, so that it ends in `seconds`; returns the headers of the answer that says so."""
        allowed = self.allowed[place]
        window = self._windows[place] = _Window(self._clock.now().timestamp() + seconds, used=allowed)
        return self._headers(allowed, 0, window.ends)

    @staticmethod
    def _headers(allowed: int, left: int, ends: float) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(allowed),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(ends) + 1),
        }


class SandboxState:
    """Posts, rules and faults as the endpoints see them, and how tests and the command change them."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        credentials: SandboxCredentials | None = None,
        settling: timedelta = SETTLING,
        allowed: dict[FaultPlace, int] | None = None,
        most_connections: int = 1,
    ) -> None:
        """Begin without posts.

        `settling` is how old a post is before a search shows it, `allowed` the requests of 15 minutes where they
        differ from ALLOWED, `most_connections` how many streams may be open at once.
        """
        self.clock = clock or SystemClock()
        self.credentials = credentials or SandboxCredentials()
        self.settling = settling
        self.most_connections = most_connections
        self.faults = Faults()
        self.rules = SandboxRules()
        self.timeline = Timeline(self.clock)
        self.limits = RequestLimits(self.clock, ALLOWED | (allowed or {}))
        self.writer = PostWriter(self.timeline, SandboxAccount(self.credentials.user_id, OWN_NAME))
        self.requests: Counter[FaultPlace] = Counter()
        self.connected_at: list[float] = []
        """When each connection to the stream was tried, by the clock's `monotonic`."""
        self.searched_at: list[float] = []
        """When each search was begun: pages after the first are not counted."""
        self.connections: list[StreamConnection] = []
        self._changed = asyncio.Event()

    def publish(self, text: str, author: SandboxAccount = DEFAULT_AUTHOR, **more: Any) -> PublishedPost:
        """Publish a post now and send it to the streams whose rules it matches; `more` are PublishedPost's fields."""
        post = self.timeline.publish(text, author, **more)
        if self.connections and (matching := self.rules.matching(post)):
            for connection in self.connections:
                connection.offer(post, matching)
        self.note()
        return post

    def order(self, place: FaultPlace, kind: FaultKind, **more: Any) -> None:
        """Order a fault (see `faults`); one of the stream befalls the open connection, or else the next."""
        self.faults.order(place, kind, **more)
        if place == "stream" and self.connections and (fault := self.faults.take("stream")):
            for connection in self.connections:
                connection.befall(fault)

    def note(self) -> None:
        """Wake what waits in `until`."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, which is looked at after everything that happens; TimeoutError after 10 s."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
