"""The sandbox as tests and the command use it: start it, publish posts, order faults, see what clients did."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.credentials import make_certificate
from sandbox.faults import CHANGES, OF_STREAM
from sandbox.routes import build
from sandbox.state import SandboxState


class Sandbox(SandboxState):
    """A local X: `async with Sandbox(folder) as sandbox`, then point X_SANDBOX and X_SANDBOX_CA at it."""

    def __init__(self, folder: Path, **state: Any) -> None:
        """Keep its certificate in `folder`; `state` is what `SandboxState` takes."""
        super().__init__(**state)
        self.ca = folder / "ca.pem"
        self.port = 0
        self._folder = folder
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Where it listens, as X_SANDBOX wants it."""
        return f"127.0.0.1:{self.port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; 0 takes a free port. Raises OSError where the address cannot be had."""
        self.ca, context = await asyncio.to_thread(make_certificate, self._folder)
        self._runner = web.AppRunner(build(self), access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def inject_faults(self, names: Sequence[str], every: float, dice: random.Random) -> None:
        """Order one entry of CHANGES at random times, `every` seconds on average, until cancelled."""
        while True:
            await self.clock.sleep(dice.expovariate(1 / every))
            if not self.connections:
                continue
            for place, kind, more in CHANGES[dice.choice(names)]:
                if kind in OF_STREAM or place != "stream":
                    self.order(place, kind, **more)

    def settings(self) -> list[str]:
        """Return the lines of a `.env` file that point voxpop at the sandbox; its tokens open nothing else."""
        where = {"X_SANDBOX": self.address, "X_SANDBOX_CA": str(self.ca.resolve())}
        return [f"{name}={value}" for name, value in (where | self._tokens()).items()]

    def write_tokens(self) -> None:
        """Write a file for each token, named as its variable in small letters (mode 0600), beside the certificate."""
        for name, value in self._tokens().items():
            path = self._folder / name.lower()
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_text(value)

    def _tokens(self) -> dict[str, str]:
        return {f"X_{name.upper()}": value for name, value in vars(self.credentials).items()}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def open_sockets(self) -> int:
        """How many connections of clients are open, idle ones too."""
        server = self._runner.server if self._runner is not None else None
        return len(server.connections) if server is not None else 0

    def cut(self) -> None:
        """End every connection at once, whatever is being written."""
        server = self._runner.server if self._runner is not None else None
        for handler in server.connections if server is not None else []:
            if handler.transport is not None:
                handler.transport.abort()
