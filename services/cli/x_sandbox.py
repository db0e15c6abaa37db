"""`voxpop x-sandbox`: a local X for users without paid access, with faults at random times."""

import asyncio
import random
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.console import ColumnPairs, out, reading, run
from shared.errors import SettingsError

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

Work = Callable[[], Coroutine[Any, Any, None]]
Say = Callable[[str], None]
"""Prints a line."""


def x_sandbox(
    replay: Annotated[str, typer.Option(help="posts to publish: a file as `voxpop ingest` reads it, - for stdin")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
    folder: Annotated[Path, typer.Option(help="where the certificate is written")] = Path("var/x-sandbox"),
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="posts a second")] = 5.0,
    faults: Annotated[str, typer.Option(help="what goes wrong at random, with commas: all, stall, drop ...")] = "",
    fault_seconds: Annotated[float, typer.Option(min=0.1, help="mean seconds between two faults")] = 30.0,
    language: Annotated[str, typer.Option(help="of posts whose row tells none; X would detect it")] = "und",
    map_: ColumnPairs = None,
) -> None:
    """Serve X's API v2 on this machine and publish a file's posts there, so that voxpop can be tried without X."""
    from sandbox.credentials import SandboxCredentials
    from sandbox.faults import chosen_changes
    from sandbox.replay import publish
    from sandbox.sandbox import Sandbox
    from services.ingest.sources.file import open_file
    from services.ingest.sources.rows import parse_mapping

    sandbox = Sandbox(folder, credentials=SandboxCredentials())
    chosen = chosen_changes(faults)
    with reading(replay), open_file(replay, parse_mapping(map_ or []), "x", sys.stdin.buffer) as file:
        work: list[Work] = [partial(publish, sandbox, file.rows, rate, language, _say)]
        if chosen:
            work.append(partial(sandbox.inject_faults, chosen, fault_seconds, random.SystemRandom()))
        run(serve(sandbox, host, port, work, _say))


def _say(line: str) -> None:
    out.print(line, highlight=False, soft_wrap=True, markup=False)


async def serve(sandbox: "Sandbox", host: str, port: int, work: Sequence[Work], say: Say) -> None:
    """Run a sandbox with `work` beside it until SIGINT or SIGTERM; `say` gets the settings to copy first.

    Raises SettingsError where it cannot listen.
    """
    try:
        await sandbox.start(host, port)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
    try:
        await asyncio.to_thread(sandbox.write_tokens)
        for line in sandbox.settings():
            say(line)
        async with asyncio.TaskGroup() as group:
            stopped = _stop_signal()
            tasks = [group.create_task(piece()) for piece in work]
            await stopped.wait()
            for task in tasks:
                task.cancel()
    finally:
        await sandbox.stop()


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
