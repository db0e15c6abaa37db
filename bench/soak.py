"""Half an hour in the sandbox of X at 200 posts a second: `python -m bench.soak [MINUTES]`; exits 1 where it fails.

voxpop runs in a process of its own, the real model and real stores in it. The network stalls, drops, answers 429 and
HTML, repeats itself and sends garbage, every half minute on average. In the first half voxpop is killed and stopped in
turns; in the second it is left running, and its memory is watched.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx

from sandbox.faults import CHANGES, FaultPlace
from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.identity import Pseudonymizer

BRAND: Final = "aerolume"
KEY: Final = "0123456789abcdef" * 4
RATE: Final = 200
AUTHORS: Final = 500
FAULT_SECONDS: Final = 30.0
ALLOWED: Final[dict[FaultPlace, int]] = {"search": 10**6, "connect": 10**6, "rules": 10**6}
"""Requests in 15 minutes. X allows 450 searches of 100 posts, too few to fill gaps at this rate."""
RESTARTS: Final = 4
SETTLING_SECONDS: Final = 1800
MOST_GROWTH: Final = 1.2
"""By how much memory may grow from the tenth to the last minute after the last restart, or over what there is of it."""


@dataclass
class Voxpop:
    """`voxpop up` listening to a sandbox, in a process that can be ended in two ways."""

    folder: Path
    sandbox: Sandbox
    process: asyncio.subprocess.Process | None = None
    url: str = ""

    async def start(self) -> None:
        """Start it on a free port and wait until it answers."""
        environment = dict(os.environ) | dict(line.split("=", 1) for line in self.sandbox.settings())
        environment |= {"VOXPOP_PSEUDONYM_KEY": KEY, "VOXPOP_LOG_LEVEL": "ERROR", "X_MONTHLY_POSTS": str(10**9)}
        command = ("-m", "services.cli", "up", "--port", "0", "--data-dir", str(self.folder / "var"))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        self.url = (await self.process.stdout.readline()).decode().split()[-1]

    async def end(self, how: signal.Signals) -> None:
        """End it, at once or with time to drain."""
        assert self.process is not None  # noqa: S101 - it was started
        self.process.send_signal(how)
        await self.process.wait()

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """Return the JSON answer of a service."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            return (await http.request(method, path, **body)).raise_for_status().json()

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        assert self.process is not None  # noqa: S101 - it was started
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096 / 2**20


@dataclass
class Weather:
    """Publishes posts and orders faults."""

    sandbox: Sandbox
    dice: random.Random
    published: Counter[str] = field(default_factory=Counter)

    async def blow(self) -> None:
        """Go on until cancelled; a second that began late is made up for."""
        began, seconds = self.sandbox.clock.monotonic(), 0
        while True:
            for _ in range(RATE):
                number = self.published.total()
                author = str(10**9 + number % AUTHORS)
                self.sandbox.publish(
                    f"{BRAND} is late again, number {number}", SandboxAccount(author, f"somebody{author}")
                )
                self.published[author] += 1
            if self.dice.random() < 1 / FAULT_SECONDS:
                for place, kind, more in CHANGES[self.dice.choice(list(CHANGES))]:
                    self.sandbox.order(place, kind, **more)
            seconds += 1
            await self.sandbox.clock.sleep(max(0.0, began + seconds - self.sandbox.clock.monotonic()))


async def soak(minutes: float, folder: Path) -> bool:
    """Run it and print how it goes; tell whether everything held."""
    async with Sandbox(folder / "sandbox", allowed=ALLOWED) as sandbox:
        voxpop = Voxpop(folder, sandbox)
        weather = Weather(sandbox, random.Random(4))  # noqa: S311 - a seed, no secret
        await voxpop.start()
        await voxpop.ask("PUT", f"/ingest/v1/brands/{BRAND}", json={"keywords": [BRAND]})
        await voxpop.ask("POST", "/ingest/v1/streams", json={"brand": BRAND, "source": "x"})
        await _listening(voxpop)
        blowing = asyncio.create_task(weather.blow())
        for turn in range(RESTARTS):
            await asyncio.sleep(minutes * 30 / RESTARTS)
            await voxpop.end(signal.SIGTERM if turn % 2 else signal.SIGKILL)
            await voxpop.start()
            print(f"restart {turn + 1}: {weather.published.total()} published", flush=True)
        memory = await _watch(voxpop, weather, minutes / 2)
        blowing.cancel()
        sandbox.faults.clear()
        counted = await _settled(voxpop, weather.published.total())
        found = await _by_author(voxpop)
        await voxpop.end(signal.SIGTERM)
    names = Pseudonymizer(KEY.encode())
    expected = {names.author_key("x", author): posts for author, posts in weather.published.items()}
    closest = min((later - earlier for earlier, later in pairwise(sandbox.connected_at)), default=float("inf"))
    growth = memory[-1] / memory[min(9, len(memory) // 2)]
    print(f"published {weather.published.total()}, folded {counted}; {len(sandbox.faults.happened)} faults")
    print(f"authors whose posts are not all counted once: {sum(found.get(k) != v for k, v in expected.items())}")
    print(f"closest connections {closest:.2f} s (limit 1); memory grew by {growth:.2f} (limit {MOST_GROWTH})")
    return found == expected and closest >= 1.0 and growth <= MOST_GROWTH


async def _listening(voxpop: Voxpop) -> None:
    """Wait until the stream is connected: it begins with now, and what was published before is not asked for."""
    while True:
        (stream,) = (await voxpop.ask("GET", "/ingest/v1/streams"))["items"]
        if stream["state"] == "running":
            return
        await asyncio.sleep(0.5)


async def _watch(voxpop: Voxpop, weather: Weather, minutes: float) -> list[float]:
    memory = []
    for _ in range(max(2, round(minutes))):
        await asyncio.sleep(60)
        memory.append(voxpop.memory())
        counted = await _counted(voxpop)
        print(f"{weather.published.total()} published, {counted} folded, {memory[-1]:.0f} MiB", flush=True)
    return memory


async def _counted(voxpop: Voxpop) -> int:
    brands = (await voxpop.ask("GET", "/profiles/v1/brands"))["items"]
    return sum(int(brand["posts"]) for brand in brands if brand["brand"] == BRAND)


async def _settled(voxpop: Voxpop, wanted: int) -> int:
    for _ in range(SETTLING_SECONDS):
        counted = await _counted(voxpop)
        if counted >= wanted:
            return counted
        await asyncio.sleep(1)
    return await _counted(voxpop)


async def _by_author(voxpop: Voxpop) -> dict[str, int]:
    page = await voxpop.ask("GET", f"/profiles/v1/brands/{BRAND}/profiles?limit=1000")
    return {profile["author_key"]: profile["posts"] for profile in page["items"]}


def main() -> int:
    """Run it and return the exit code."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(soak(minutes, Path(folder))) else 1


if __name__ == "__main__":
    raise SystemExit(main())
