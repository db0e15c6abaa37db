"""A sandbox and a source that listens to it, on one virtual clock."""

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sandbox.sandbox import Sandbox
from services.ingest.brands.brand_query import BrandQuery, XRule
from services.ingest.sources.base import BudgetSpentError, Source
from services.ingest.sources.x.settings import XSettings
from tests.unit.ingest.sources.queries import everything
from tests.unit.ingest.virtual_clock import VirtualClock

RULES = (XRule("from:somebody", "voxpop:brand:1"),)
"""Whatever the sandbox's usual author writes."""


class TwoClocks(VirtualClock):
    """A clock with another, `server`, that moves with it: what the sandbox waits for is not counted as ours."""

    def __init__(self) -> None:
        """Begin both at the same moment."""
        super().__init__()
        self.server = VirtualClock()

    async def advance(self, seconds: float) -> None:
        """Move both on, a second at a time."""
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            await self.server.advance(step)
            await super().advance(step)
            left -= step
        if not seconds:
            await super().advance(0)


class Purse:
    """A `Budget` of so many posts."""

    def __init__(self, posts: int = 10**9) -> None:
        """Allow `posts`."""
        self.allowed = posts
        self.spent = 0

    async def left(self) -> int:
        """See `Budget.left`."""
        return max(0, self.allowed - self.spent)

    async def spend(self, posts: int) -> None:
        """See `Budget.spend`."""
        self.spent += posts
        if self.spent >= self.allowed:
            raise BudgetSpentError("the month is spent")


async def read_through(source: Source) -> None:
    """Read a fresh source until it raises what ends it."""
    async with aclosing(source.batches(None)) as row:
        async for _ in row:
            pass


def query(*rules: XRule) -> BrandQuery:
    """Return a query with these rules, or with RULES."""
    return replace(everything("x"), brand="brand", rules=rules or RULES, network_selects=True)


def settings_for(sandbox: Sandbox, **more: Any) -> XSettings:
    """Return settings that lead to a sandbox, with its tokens."""
    proof = sandbox.credentials
    told: dict[str, Any] = {
        "x_sandbox": sandbox.address,
        "x_sandbox_ca": Path(sandbox.ca),
        "x_bearer_token": SecretStr(proof.bearer_token),
        "x_api_key": SecretStr(proof.api_key),
        "x_api_secret": SecretStr(proof.api_secret),
        "x_access_token": SecretStr(proof.access_token),
        "x_access_token_secret": SecretStr(proof.access_token_secret),
    }
    return XSettings(_env_file=None, **(told | more))
