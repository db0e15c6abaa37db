"""A run's progress as server-sent events: the present state first, then each change, and the end."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Final

from services.clusters.runs.run import Run
from services.clusters.runs.run_store import RunStore
from services.clusters.runs.trainer import Trainer
from shared.clock import Clock
from shared.errors import NotFoundError, OverloadedError

MOST_WATCHED: Final = 100
"""Streams at a time; one more is 503."""
HEARTBEAT: Final = 10.0
"""Seconds without a change after which a comment tells proxies and clients that the stream lives."""
LOOK: Final = 1.0
"""Seconds between two looks at the store for a run of another replica."""
RETRY_AFTER: Final = 5
_STEPS: Final = 10**6


class RunEvents:
    """Streams of runs, of this process and of others."""

    def __init__(self, store: RunStore, trainer: Trainer, clock: Clock) -> None:
        """Follow runs of this process by its trainer, others by the store."""
        self._store = store
        self._trainer = trainer
        self._clock = clock
        self._open = 0

    def check_room(self) -> None:
        """Raise OverloadedError where as many streams are open as there may be."""
        if self._open >= MOST_WATCHED:
            raise OverloadedError("too many runs are being watched; poll GET /v1/runs/{id} instead", RETRY_AFTER)

    async def state(self, run_id: str) -> Run:
        """Return a run as it now is: here the store may be a moment behind. Raises NotFoundError."""
        active = self._trainer.active(run_id)
        return active.run if active is not None else await self._store.find(run_id)

    async def of(self, run: Run, seen: str | None) -> AsyncGenerator[str]:
        """Yield a run's events from its state on, unless that is what the event `seen` told; ends with the run.

        Raises what the store raises.
        """
        self._open += 1
        try:
            async for text in self._events(run, seen):
                yield text
        except NotFoundError:
            return  # deleted meanwhile: there is no more to tell
        finally:
            self._open -= 1

    async def _events(self, run: Run, seen: str | None) -> AsyncGenerator[str]:
        yield "retry: 2000\n\n"
        told, quiet = seen, 0.0
        while True:
            if (event := _id(run)) != told or run.ended:
                yield _event(run)
                told, quiet = event, 0.0
            if run.ended:
                return
            if quiet >= HEARTBEAT:
                yield ": alive\n\n"
                quiet = 0.0
            run, waited = await self._following(run)
            quiet += waited

    async def _following(self, run: Run) -> tuple[Run, float]:
        """Return the run's next state (the same where nothing changed for a while) and the seconds waited."""
        active = self._trainer.active(run.run_id)
        if active is None:
            await self._clock.sleep(LOOK)
            return await self._store.find(run.run_id), LOOK
        if _id(active.run) == _id(run):
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await active.moved.wait()
            except TimeoutError:
                return run, HEARTBEAT
        return await self.state(run.run_id), 0.0


def _id(run: Run) -> str:
    """Return what tells states of a run apart: it rises with its progress."""
    return f"{round(run.progress * _STEPS):07d}-{run.stage.name.lower()}-{run.status}"


def _event(run: Run) -> str:
    told = {"run_id": run.run_id, "status": run.status, "stage": run.stage, "progress": run.progress}
    if run.ended:
        told["error"] = run.error
    return f"id: {_id(run)}\nevent: {'end' if run.ended else 'progress'}\ndata: {json.dumps(told)}\n\n"
