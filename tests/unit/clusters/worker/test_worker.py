"""Computing in a process of its own: results, progress, errors, and the process's end."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from services.clusters.bases.basis import CannotTrainError
from services.clusters.worker import ComputationError, Worker, WorkerLostError, open_worker
from tests.unit.clusters.worker import computations

SEVERAL = 200_000
"""Whole numbers of more than a MiB."""


def is_running(process: int) -> bool:
    """Tell whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def files_in(folder: Path) -> list[Path]:
    """Return what files are below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def folders_in(folder: Path) -> list[Path]:
    """Return what is in a folder."""
    return list(folder.iterdir())


async def started(worker: Worker) -> tuple["asyncio.Task[None]", int]:
    """Return a task that computes without an end, and its process."""
    told: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(worker.run(computations.endless, report=lambda stage, _: told.put_nowait(stage)))
    return task, int(await told.get())


async def test_a_table_goes_there_and_back_with_progress(worker: Worker, tmp_path: Path) -> None:
    """A large table comes back doubled, the stages are told, and no file of it is left."""
    told: list[tuple[str, float]] = []
    table = pa.table({"number": range(SEVERAL)})
    found = await worker.run(computations.doubled, table, report=lambda *step: told.append(step))
    assert found["number"][-1].as_py() == 2 * (SEVERAL - 1)
    assert told == [("doubling", 0.5), ("doubling", 1.0)]
    assert files_in(tmp_path) == []


async def test_a_process_is_reused(worker: Worker) -> None:
    """Calls one after the other are answered by one process, also after an error."""
    first = await worker.run(computations.process_id)
    with pytest.raises(CannotTrainError, match="three authors"):
        await worker.run(computations.refused)
    assert await worker.run(computations.process_id) == first != os.getpid()


async def test_a_process_stands_back(worker: Worker) -> None:
    """It has a lower priority than the service, and no more threads than it was given."""
    assert await worker.run(computations.manners) == (os.nice(0) + 10, "1")


async def test_a_table_in_parts_is_written_as_it_comes(worker: Worker) -> None:
    """Parts of a table are one table there, and their file is gone afterwards."""
    async with worker.table_file() as file:
        for first in (0, 50):
            file.append(pa.table({"number": range(first, first + 50)}))
        assert await worker.run(computations.total, file.close()) == sum(range(100))
        assert file.path.exists()
    assert not file.path.exists()


async def test_cancelling_kills_the_process_at_once(worker: Worker) -> None:
    """A computation that listens to nothing ends with its task, and the next call is answered by another process."""
    task, process = await started(worker)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await worker.run(computations.process_id) != process
    await asyncio.gather(*worker._reaping)
    assert not is_running(process)


async def test_a_process_that_dies_is_told(worker: Worker) -> None:
    """What the kernel ended is a sentence of ours with a remedy, and the next call works."""
    with pytest.raises(WorkerLostError, match="more memory, or try again"):
        await worker.run(computations.killed)
    assert await worker.run(computations.process_id) > 0


async def test_an_idle_process_that_died_is_replaced(worker: Worker) -> None:
    """A process that was ended while it had nothing to do costs no call."""
    first = await worker.run(computations.process_id)
    [idle] = worker._idle
    idle._process.kill()
    idle._process.wait()
    assert await worker.run(computations.process_id) != first


async def test_a_defect_is_named_without_its_words(worker: Worker) -> None:
    """An error of another kind tells its class and line alone: its words may quote a row."""
    with pytest.raises(ComputationError) as caught:
        await worker.run(computations.broken, "secret")
    assert (caught.value.kind, caught.value.place.partition(":")[0]) == ("ValueError", "computations.py")
    assert "secret" not in str(caught.value)
    with pytest.raises(ComputationError):
        await worker.run(computations.unsendable)


async def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    """Past its time a computation is killed, and a sentence says so."""
    async with open_worker(tmp_path, most=1, threads=1, longest=timedelta(0)) as worker:
        with pytest.raises(WorkerLostError, match="longer than the 0 s"):
            await worker.run(computations.endless)


async def test_progress_is_not_told_more_often_than_is_of_use(worker: Worker) -> None:
    """A computation that tells a hundred thousand steps sends few of them."""
    told: list[float] = []
    await worker.run(computations.talkative, 100_000, report=lambda _, done: told.append(done))
    assert 1 <= len(told) < 50_000


async def test_what_a_library_prints_goes_nowhere(
    worker: Worker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Standard output is the service's own."""
    await worker.run(computations.noted, tmp_path / "mark")
    assert capfd.readouterr().out == ""


async def test_at_most_so_many_compute_at_a_time(worker: Worker) -> None:
    """A further call waits for its turn."""
    task, process = await started(worker)
    waiting = asyncio.create_task(worker.run(computations.process_id))
    await asyncio.sleep(0)
    assert len(worker._busy) == 1
    task.cancel()
    assert await waiting != process


async def test_closing_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    """Idle and busy processes are gone at the end; one who waits for a result learns it."""
    async with open_worker(tmp_path, most=2, threads=1, longest=timedelta(minutes=5)) as worker:
        task, busy = await started(worker)
        idle = await worker.run(computations.process_id)
    with pytest.raises(WorkerLostError):
        await task
    assert not is_running(busy)
    assert not is_running(idle)
    assert folders_in(tmp_path) == []
