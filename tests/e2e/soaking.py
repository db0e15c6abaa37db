"""voxpop listening to a sandbox of X in bad weather: what was published, and what became of it."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from sandbox.faults import CHANGES
from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.app import create_app as create_ingest
from services.ingest.settings import IngestSettings
from services.profiles.app import create_app as create_profiles
from services.profiles.settings import ProfilesSettings
from shared.clock import Clock
from tests.unit.ingest.conftest import PSEUDONYM_KEY, Peers

BRAND: Final = "aerolume"
AUTHORS: Final = 500
Pass = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass."""


@dataclass
class Soak:
    """One sandbox, one profiles service, and a voxpop that is restarted; `let_pass` is how time goes by."""

    folder: Path
    sandbox: Sandbox
    clock: Clock
    let_pass: Pass
    dice: random.Random
    published: int = 0
    restarts: list[float] = field(default_factory=list)
    """When voxpop was started, by the sandbox's `monotonic`."""
    _numbers: Any = field(default_factory=count)

    @asynccontextmanager
    async def profiles(self) -> AsyncIterator[httpx.AsyncClient]:
        """Run the profiles service and yield a client of it."""
        app = create_profiles(ProfilesSettings(_env_file=None, data_dir=self.folder))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://profiles") as client:
                yield client

    @asynccontextmanager
    async def voxpop(self, profiles: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
        """Run ingest, with a stand-in for sentiment, and yield a client of it; it drains at the end."""
        proof = self.sandbox.credentials
        settings = IngestSettings(
            _env_file=None,
            data_dir=self.folder,
            pseudonym_key=SecretStr(PSEUDONYM_KEY),
            x_sandbox=self.sandbox.address,
            x_sandbox_ca=self.sandbox.ca,
            x_bearer_token=SecretStr(proof.bearer_token),
            x_monthly_posts=10**9,
        )
        transports = Peers().transports() | {"http://profiles": profiles._transport}
        self.restarts.append(self.sandbox.clock.monotonic())
        app = create_ingest(settings, transports, self.clock)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://ingest"))

    def publish(self, posts: int) -> None:
        """Publish posts of some hundred authors."""
        for number in (next(self._numbers) for _ in range(posts)):
            author = SandboxAccount(str(10**9 + number % AUTHORS), f"somebody{number % AUTHORS}", followers=10)
            self.sandbox.publish(f"{BRAND} is late again, number {number}", author)
        self.published += posts

    async def weather(self, seconds: int, rate: int, every: float) -> None:
        """Publish `rate` posts a second for some seconds, with a fault `every` so many on average."""
        for _ in range(seconds):
            self.publish(rate)
            if self.dice.random() < 1 / every:
                for place, kind, more in CHANGES[self.dice.choice(list(CHANGES))]:
                    self.sandbox.order(place, kind, **more)
            await self.let_pass(1.0)

    async def counted(self, profiles: httpx.AsyncClient) -> int:
        """Return how many posts the profiles have counted."""
        brands = (await profiles.get("/v1/brands")).json()["items"]
        return sum(int(brand["posts"]) for brand in brands if brand["brand"] == BRAND)

    async def settled(self, profiles: httpx.AsyncClient, seconds: int) -> int:
        """Let time pass in fair weather until everything is counted, or `seconds` are over; return the count."""
        self.sandbox.faults.clear()
        for _ in range(seconds):
            if await self.counted(profiles) >= self.published:
                break
            await self.let_pass(1.0)
        return await self.counted(profiles)

    def closest_connections(self) -> float:
        """Return the least seconds between two connections of one process; infinity where there were no two."""
        times = self.sandbox.connected_at
        gaps = [
            later - earlier
            for earlier, later in pairwise(times)
            if not any(earlier <= start <= later for start in self.restarts)
        ]
        return min(gaps, default=float("inf"))
