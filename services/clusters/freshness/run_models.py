"""The models of runs that are used often, held in memory."""

import asyncio
from collections import OrderedDict
from typing import Final

from services.clusters.fits.run_model import RunModel
from services.clusters.runs.run import Run
from services.clusters.runs.run_store import RunStore

MOST: Final = 32
NAME: Final = "model"
"""The artifact of a run."""


class RunModels:
    """Reads a run's model once; what was used last stays."""

    def __init__(self, runs: RunStore) -> None:
        """Read artifacts from `runs`."""
        self._runs = runs
        self._held: OrderedDict[str, RunModel] = OrderedDict()

    async def of(self, run: Run) -> RunModel | None:
        """Return a run's model; None where an earlier version trained it and kept none."""
        held = self._held.get(run.run_id)
        if held is None:
            content = await self._runs.artifacts.read(run.run_id, NAME)
            if content is None:
                return None
            held = await asyncio.to_thread(RunModel.from_bytes, content)
        self._held[run.run_id] = held
        self._held.move_to_end(run.run_id)
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return held
