"""Faults at random, as a network has them."""

import random
from collections.abc import Sequence
from typing import Any, Final

from sandbox.faults import OF_STREAM, Kind, Place
from sandbox.sandbox import Sandbox

CHANGES: Final[dict[str, tuple[tuple[Place, Kind, dict[str, Any]], ...]]] = {
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


async def make_weather(sandbox: Sandbox, names: Sequence[str], every: float, dice: random.Random) -> None:
    """Order one of `names` at random times, `every` seconds on average, until cancelled."""
    while True:
        await sandbox.clock.sleep(dice.expovariate(1 / every))
        if not sandbox.connections:
            continue
        for place, kind, more in CHANGES[dice.choice(names)]:
            if kind in OF_STREAM or place != "stream":
                sandbox.order(place, kind, **more)
