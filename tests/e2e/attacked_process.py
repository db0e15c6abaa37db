"""The four services in a process of their own that attacks itself, and says what it cost.

`python -m tests.e2e.attacked_process FOLDER` prints a JSON line for each body that it sent. What holds the event loop
is told in CPU time of the process between two turns of the loop, not in seconds: a machine with other work to do
lengthens those. A thread that keeps the interpreter's lock counts like the loop's own.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import Mount

from services.local import create_local_app, local_settings
from services.server import _set_aside_what_stays
from shared.logs import configure_logs
from tests.e2e.hostile_bodies import Hostile, largest, placed, whole
from tests.e2e.large_bodies import large_bodies

SMALLER_BYTES = 256 * 1024
TRIES = 3
MOST_HELD = 0.1
"""Seconds of CPU between two turns of the event loop that no body may take."""
MOST_HELD_BY_SMALLER = 0.04
"""The same for bodies of the smaller size: what grows with the square of a size is seen there."""


class Heartbeat:
    """Notes the longest time of CPU between two turns of the event loop."""

    def __init__(self) -> None:
        """Begin at rest."""
        self._longest = 0.0
        self._last: float | None = None

    async def beat(self) -> None:
        """Take every turn there is."""
        while True:
            now = time.process_time()
            if self._last is not None:
                self._longest = max(self._longest, now - self._last)
            self._last = now
            await asyncio.sleep(0)

    def begin(self) -> None:
        """Forget what was noted."""
        self._longest, self._last = 0.0, time.process_time()

    @property
    def longest(self) -> float:
        """The longest since the beginning, in seconds of CPU, up to now."""
        return max(self._longest, time.process_time() - (self._last or 0.0))


def most_held(size: int) -> float:
    """Return how long a body of `size` bytes may hold the event loop, in seconds of CPU."""
    return MOST_HELD if size > 2 * SMALLER_BYTES else MOST_HELD_BY_SMALLER


def memory(name: str) -> int:
    """Return what the kernel says of this process under `name`, in bytes: VmRSS is what it has, VmHWM the most."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def forget_peak() -> None:
    """Begin VmHWM anew."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def attacks(app: FastAPI, most: int) -> Iterator[tuple[str, str, Hostile, int]]:
    """Yield method, path, body and size for every route that takes a body, as the OpenAPI documents list them."""
    for mount in app.routes:
        if not isinstance(mount, Mount) or not isinstance(mount.app, FastAPI):
            continue
        document = mount.app.openapi()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                content = operation.get("requestBody", {}).get("content", {})
                if "application/json" not in content:
                    continue
                schema, known = content["application/json"]["schema"], document["components"]["schemas"]
                where = mount.path + path.replace("{", "").replace("}", "").replace("_", "-")
                for body in largest():
                    yield method, where, body, most
                for body in (*whole(), *placed(schema, known)):
                    yield method, where, body, SMALLER_BYTES


async def attack(http: httpx.AsyncClient, heart: Heartbeat, method: str, path: str, content: bytes) -> dict[str, Any]:
    """Send one body, again where it seems to hold the loop, and return what came of it."""
    held = []
    forget_peak()
    before = memory("VmRSS")
    for _ in range(TRIES):
        # Else a collection of garbage walks what earlier bodies left, and is counted as this one's.
        _set_aside_what_stays()
        heart.begin()
        answer = await http.request(method, path, content=content, headers={"content-type": "application/json"})
        held.append(heart.longest)
        if held[-1] < most_held(len(content)):
            break
    grown = memory("VmHWM") - before
    return {"status": answer.status_code, "answered": len(answer.content), "held": min(held), "grown": grown}


def tell(sent: str, content: bytes, told: dict[str, Any]) -> None:
    """Print what came of one body."""
    sys.stdout.write(json.dumps({"sent": sent, "bytes": len(content), **told}) + "\n")


async def main(folder: Path) -> None:
    """Start, attack, tell."""
    configure_logs("CRITICAL")
    logging.disable()
    settings = local_settings(data_dir=folder)
    app = create_local_app(settings)
    heart = Heartbeat()
    async with app.router.lifespan_context(app):
        beating = asyncio.create_task(heart.beat())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://voxpop", timeout=60) as http:
            most = settings.sentiment.max_body_bytes
            for method, path, content in large_bodies():
                tell(f"{method} {path}: large", content, await attack(http, heart, method, path, content))
            for method, path, body, size in attacks(app, most - 400):
                content = body.make(size)[:most]
                tell(f"{method} {path}: {body.name}", content, await attack(http, heart, method, path, content))
        beating.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
