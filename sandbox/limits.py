"""How many requests a window allows, as X counts: by endpoint, in windows of 15 minutes."""

from dataclasses import dataclass
from typing import Final

from sandbox.faults import Place
from shared.clock import Clock

WINDOW_SECONDS: Final = 900


@dataclass
class _Window:
    ends: float
    used: int = 0


class RateLimits:
    """Counts requests and writes X's three headers."""

    def __init__(self, clock: Clock, allowed: dict[Place, int]) -> None:
        """Allow so many requests a window at each place."""
        self._clock = clock
        self.allowed = allowed
        self._windows: dict[Place, _Window] = {}

    def count(self, place: Place) -> tuple[bool, dict[str, str]]:
        """Count a request; returns whether it is allowed, and the headers of its answer."""
        now = self._clock.now().timestamp()
        window = self._windows.get(place)
        if window is None or window.ends <= now:
            window = self._windows[place] = _Window(now + WINDOW_SECONDS)
        allowed = self.allowed[place]
        is_allowed = window.used < allowed
        window.used += is_allowed
        return is_allowed, self._headers(allowed, allowed - window.used, window.ends)

    def spend(self, place: Place, seconds: float) -> dict[str, str]:
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
