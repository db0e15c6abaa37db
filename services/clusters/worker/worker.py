"""The processes that compute for the service."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import structlog

from services.clusters.worker.frame import Advance
from services.clusters.worker.scratch import Scratch, TableFile, open_scratch
from services.clusters.worker.worker_process import WorkerLostError, WorkerProcess
from shared.errors import SettingsError
from shared.private_files import FOLDER

log = structlog.get_logger(__name__)

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def quietly(_stage: str, _done: float) -> None:
    """Report nothing."""


class Worker:
    """Computes in processes of its own, so that the service answers meanwhile, and can end what it computes at once.

    A process is fresh (nothing is forked), of low priority, and reused; where one was lost or killed, the next is
    started at once, so that it is warm when it is needed. At most `most` compute at a time; further calls wait.
    """

    def __init__(
        self, scratch: Scratch, *, most: int, threads: int, longest: timedelta, modules: Sequence[str] = ()
    ) -> None:
        """Keep tables in `scratch`; `modules` are imported before the first call, `longest` is what one may take."""
        self.scratch = scratch
        self._threads = threads
        self._longest = longest.total_seconds()
        self._modules = modules
        self._turns = asyncio.Semaphore(most)
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._reaping: set[asyncio.Future[None]] = set()
        self._names = count()
        self._closed = False

    async def run(
        self,
        function: Callable[[Advance, *Arguments], Result],
        *arguments: *Arguments,
        report: Advance = quietly,
    ) -> Result:
        """Return what a function of a module returns for `advance` and these arguments, in a worker process.

        `report` gets, on the event loop, what the function tells `advance`. Arguments and result are pickled; Arrow
        tables of a MiB or more are files that the other end maps into memory. Where the caller is cancelled the process
        is killed. Raises VoxpopErrors as the function raised them, ComputationError for what else it raised,
        WorkerLostError where its process went away or took longer than it may, OSError where the disk or the system
        cannot do its part.
        """
        async with self._turns, self._call_folder() as folder:
            process = self._taken()
            try:
                async with asyncio.timeout(self._longest):
                    result: Result = await process.call(function, arguments, report, folder)
                    return result
            except TimeoutError:
                sentence = f"computing took longer than the {self._longest:.0f} s that it may, and was ended"
                raise WorkerLostError(sentence) from None
            finally:
                self._give_back(process)

    @asynccontextmanager
    async def table_file(self) -> AsyncIterator[TableFile]:
        """Yield a file for a table that comes in parts and goes to a worker process; it is gone at the end."""
        file = TableFile(self.scratch.folder / f"table-{next(self._names)}.arrow")
        try:
            yield file
        finally:
            file.close()
            await asyncio.to_thread(file.path.unlink, missing_ok=True)

    def warm(self) -> None:
        """Start a process where there is none, so that the next call waits for no imports. Raises OSError."""
        if not self._closed and not self._idle and not self._busy:
            self._idle.append(WorkerProcess(self._modules, self._threads))

    async def close(self) -> None:
        """End every process, whatever it computes, and wait until they are gone."""
        self._closed = True
        for process in self._busy:
            process.kill()  # its caller learns that it is gone
        for process in self._idle:
            self._end(process)
        self._idle.clear()
        if self._reaping:
            await asyncio.wait(self._reaping)

    def _taken(self) -> WorkerProcess:
        """Return an idle process that lives, else a fresh one."""
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                break
            self._end(process)
        else:
            process = WorkerProcess(self._modules, self._threads)
        self._busy.add(process)
        return process

    def _give_back(self, process: WorkerProcess) -> None:
        """Keep a process that is idle; end one that is not, and start another in its place."""
        self._busy.discard(process)
        if process.idle:
            self._idle.append(process)
            return
        self._end(process)
        try:
            self.warm()
        except OSError as error:
            log.warning("worker.unstarted", error=type(error).__name__)

    def _end(self, process: WorkerProcess) -> None:
        process.close()
        reaped = asyncio.get_running_loop().run_in_executor(None, process.reap)
        self._reaping.add(reaped)
        reaped.add_done_callback(self._reaping.discard)

    @asynccontextmanager
    async def _call_folder(self) -> AsyncIterator[Path]:
        folder = self.scratch.folder / f"call-{next(self._names)}"
        folder.mkdir(mode=FOLDER)
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@asynccontextmanager
async def open_worker(
    root: Path, *, most: int, threads: int, longest: timedelta, modules: Sequence[str] = ()
) -> AsyncIterator[Worker]:
    """Open a worker whose tables lie in a private folder below `root`; at the end its processes are ended.

    Raises SettingsError where `root` cannot be used.
    """
    with ExitStack() as stack:
        try:
            scratch = stack.enter_context(open_scratch(root))
        except OSError as error:
            raise SettingsError(f"{root} cannot be used: {error.strerror}; choose another VOXPOP_DATA_DIR") from None
        worker = Worker(scratch, most=most, threads=threads, longest=longest, modules=modules)
        try:
            yield worker
        finally:
            await worker.close()
