"""`voxpop x-sandbox`: a local X for users without paid access, with faults at random times."""

import asyncio
import random
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sandbox.credentials import SandboxCredentials
from sandbox.faults import OF_STREAM, FaultKind, FaultPlace
from sandbox.replay import replay, when_asked
from sandbox.sandbox import Sandbox
from services.ingest.sources.file import Row, open_file
from services.ingest.sources.rows import parse_mapping
from shared.errors import SettingsError

FOLDER: Final = Path("var/x-sandbox")
FAULT_SECONDS: Final = 30.0
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


async def inject_faults(sandbox: Sandbox, names: Sequence[str], every: float, dice: random.Random) -> None:
    """Order one of `names` at random times, `every` seconds on average, until cancelled."""
    while True:
        await sandbox.clock.sleep(dice.expovariate(1 / every))
        if not sandbox.connections:
            continue
        for place, kind, more in CHANGES[dice.choice(names)]:
            if kind in OF_STREAM or place != "stream":
                sandbox.order(place, kind, **more)


async def serve(
    replayed: str,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    folder: Path = FOLDER,
    rate: float = 5.0,
    faults: Sequence[str] = (),
    fault_seconds: float = FAULT_SECONDS,
    mapping: Sequence[str] = (),
    language: str = "und",
    say: Callable[[str], None] = print,
) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and replay a file into it, `rate` posts a second.

    `replayed` is a file as `voxpop ingest` reads it (`mapping` is its FIELD=COLUMN pairs, `language` that of
    posts whose row tells none). `folder` takes the certificate and a file for each token (mode 0600, named as its
    variable in small letters). `faults` names entries of CHANGES or `all`, one every `fault_seconds` on average.
    `say` prints a line: first the settings to copy. Raises SettingsError, ColumnError, FileError and OSError before
    it listens.
    """
    chosen = list(CHANGES) if "all" in faults else list(faults)
    if unknown := [name for name in chosen if name not in CHANGES]:
        raise SettingsError(f"'{unknown[0]}' is no fault; the faults are all, {', '.join(CHANGES)}")
    sandbox = Sandbox(folder, credentials=SandboxCredentials())
    with open_file(replayed, parse_mapping(mapping), "x", sys.stdin.buffer) as file:
        try:
            await sandbox.start(host, port)
        except OSError as error:
            raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
        try:
            await asyncio.to_thread(_write_tokens, sandbox, folder)
            for line in settings_of(sandbox):
                say(line)
            async with asyncio.TaskGroup() as tasks:
                stopped = _stopping()
                dice = random.SystemRandom()
                injecting = chosen and tasks.create_task(inject_faults(sandbox, chosen, fault_seconds, dice))
                playing = tasks.create_task(_play(sandbox, file.rows, rate, language, say))
                await stopped.wait()
                for task in (injecting, playing):
                    if task:
                        task.cancel()
        finally:
            await sandbox.stop()


def settings_of(sandbox: Sandbox) -> list[str]:
    """Return the lines of a `.env` file that point voxpop at a sandbox; its tokens open nothing else."""
    where = {"X_SANDBOX": sandbox.address, "X_SANDBOX_CA": str(sandbox.ca.resolve())}
    return [f"{name}={value}" for name, value in (where | _tokens(sandbox)).items()]


def _tokens(sandbox: Sandbox) -> dict[str, str]:
    return {f"X_{name.upper()}": value for name, value in vars(sandbox.credentials).items()}


def _write_tokens(sandbox: Sandbox, folder: Path) -> None:
    for name, value in _tokens(sandbox).items():
        path = folder / name.lower()
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(value)


async def _play(sandbox: Sandbox, rows: Iterator[Row], rate: float, language: str, say: Callable[[str], None]) -> None:
    await when_asked(sandbox, say)
    say(f"somebody asks: publishing {rate:g} posts a second")
    published, unreadable = await replay(sandbox, rows, rate, language)
    say(f"published {published} posts, {unreadable} rows could not be read; still answering")


def _stopping() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
