"""A worker that computes in a thread of the test: a process takes a second to import what a training needs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from typing_extensions import override

from services.clusters.worker import Advance, Worker, quietly
from services.clusters.worker.scratch import open_scratch

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class InlineWorker(Worker):
    """Runs each function in a thread, which a cancellation does not end."""

    @override
    async def run(
        self,
        function: Callable[[Advance, *Arguments], Result],
        *arguments: *Arguments,
        report: Advance = quietly,
    ) -> Result:
        loop = asyncio.get_running_loop()

        def advance(stage: str, done: float) -> None:
            loop.call_soon_threadsafe(report, stage, done)

        return await asyncio.to_thread(function, advance, *arguments)

    @override
    def warm(self) -> None:
        return


@asynccontextmanager
async def open_inline(root: Path, **settings: Any) -> AsyncIterator[Worker]:
    """Open one as `open_worker` opens a worker."""
    with open_scratch(root) as scratch:
        yield InlineWorker(scratch, **settings)
