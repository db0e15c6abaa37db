"""What goes wrong to order: each fault is used up by the request or the connection that it befalls."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from shared.errors import SettingsError

FaultPlace = Literal["connect", "rules", "search", "create", "me", "stream"]
"""Where a fault befalls: one of the requests, or (`stream`) an open connection."""
FaultKind = Literal[
    "rate-limit",
    "rate-limit-no-reset",
    "usage-cap",
    "html-503",
    "not-enrolled",
    "access-level",
    "connection-limit",
    "unauthorized",
    "invalid",
    "forbidden",
    "truncated-json",
    "hang-up",
    "hang-up-after",
    "silence",
    "stall",
    "drop",
    "cut",
    "close",
    "disconnect",
    "duplicates",
    "line",
    "answer",
]
PLACES: Final[tuple[FaultPlace, ...]] = get_args(FaultPlace)
KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
OF_STREAM: Final = frozenset({"stall", "drop", "cut", "close", "disconnect", "duplicates", "line"})
"""Faults of an open connection.

`stall` is silence (keep-alives too) for `seconds`, with what comes meanwhile sent late; `drop` cuts the next line in
its middle, `cut` the connection at once; `close` ends the answer as if it were whole; `disconnect` writes X's
message, then closes; `duplicates` sends the next `times` lines twice; `line` writes `text` as it stands.
"""


@dataclass(frozen=True)
class Fault:
    """One fault: `seconds` for those that last, `text` for a raw line.

    The kind `answer` is any answer: `status`, `headers` and, as its body, `text`. Raises ValueError where there is
    no such fault.
    """

    place: FaultPlace
    kind: FaultKind
    seconds: float = 60.0
    times: int = 1
    text: str = ""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the kind can happen at the place."""
        if self.place not in PLACES or self.kind not in KINDS:
            raise ValueError(f"a fault's place is one of {', '.join(PLACES)}; its kind one of {', '.join(KINDS)}")
        if (self.place == "stream") != (self.kind in OF_STREAM):
            raise ValueError(f"'{self.kind}' does not happen at '{self.place}'")


class Faults:
    """The orders that wait, first come first served at each place."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: defaultdict[FaultPlace, deque[Fault]] = defaultdict(deque)
        self._standing: dict[FaultPlace, Fault] = {}
        self.happened: list[Fault] = []
        """Faults that happened, in order."""

    def order(self, place: FaultPlace, kind: FaultKind, **more: Any) -> None:
        """Order a fault, `times` times; raises ValueError for one that there is not."""
        fault = Fault(place, kind, **more)
        self._waiting[place].extend([fault] * (1 if place == "stream" else fault.times))

    def take(self, place: FaultPlace) -> Fault | None:
        """Return and use up the next fault at a place; None where all is to go well."""
        if not self._waiting[place]:
            return self._standing.get(place)
        fault = self._waiting[place].popleft()
        self.happened.append(fault)
        return fault

    def stand(self, place: FaultPlace, kind: FaultKind, **more: Any) -> None:
        """Order a fault that befalls every client until `clear`; raises ValueError for one that there is not."""
        self._standing[place] = Fault(place, kind, **more)

    def clear(self) -> None:
        """Forget the orders that wait or stand."""
        self._waiting.clear()
        self._standing.clear()


CHANGES: Final[dict[str, tuple[tuple[FaultPlace, FaultKind, dict[str, Any]], ...]]] = {
    "stall": (("stream", "stall", {"seconds": 45.0}),),
    "drop": (("stream", "drop", {}),),
    "close": (("stream", "close", {}),),
    "disconnect": (("stream", "disconnect", {}),),
    "duplicates": (("stream", "duplicates", {"times": 20}),),
    "429": (("connect", "rate-limit", {"seconds": 5.0}), ("search", "rate-limit-no-reset", {}), ("stream", "cut", {})),
    "503": (("connect", "html-503", {"times": 2}), ("search", "html-503", {}), ("stream", "cut", {})),
    "garbage": (("stream", "line", {"text": '{"data":{"id":"1'}), ("search", "truncated-json", {})),
}
"""What `--faults` may name, and what each orders."""


def chosen_changes(names: str) -> list[str]:
    """Return the entries of CHANGES that a list with commas names, every one for `all`; raises SettingsError."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    chosen = list(CHANGES) if "all" in wanted else wanted
    if unknown := [name for name in chosen if name not in CHANGES]:
        raise SettingsError(f"'{unknown[0]}' is no fault; the faults are all, {', '.join(CHANGES)}")
    return chosen
