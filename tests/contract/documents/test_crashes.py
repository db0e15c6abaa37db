"""Processes that write to one store and are killed: nothing that was kept is lost, nothing is kept by half."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from shared.documents.backend import open_documents
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.documents.notes import COLLECTIONS, TALLIES

ROOT = Path(__file__).parents[3]
DEATHS = 2


async def _process(url: SqliteUrl | MongoUrl) -> Process:
    place = url.url if isinstance(url, MongoUrl) else f"sqlite:///{url.path}"
    command = (sys.executable, "-m", "tests.contract.documents.transfers", place)
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)


async def _moved(process: Process) -> int:
    """Return the number of the next move that a process kept."""
    assert process.stdout is not None
    return int(await process.stdout.readline())


async def test_killed_processes_keep_all_or_nothing(store_url: SqliteUrl | MongoUrl) -> None:
    """Two at a time write, one of them is killed in the middle of its work, and the next one goes on from there."""
    kept = 0
    other = await _process(store_url)
    for deaths in range(1, DEATHS + 1):
        dying, moves = other, 0
        other = await _process(store_url)
        while moves < deaths:
            kept = max(kept, await _moved(dying), await _moved(other))
            moves += 1
        dying.kill()
        await dying.wait()
    kept = max(kept, await _moved(other))
    other.kill()
    await other.wait()
    async with open_documents(store_url, COLLECTIONS) as documents:
        pair = {one.key: int(one.body) for one in await documents.get_all(TALLIES, ["from", "to"])}
    assert pair["from"] == -pair["to"]
    assert pair["to"] >= kept
