"""A run of this process that has not ended."""

import asyncio
from datetime import datetime

from services.clusters.runs.run import Run, RunStatus, Stage


class ActiveRun:
    """The present state of one run, the task that works on it, and why that should end.

    `changed` is set whenever the state moved on and has not been kept yet; `moved` is set once the state is another
    than when it was read, and there is another one from then on.
    """

    def __init__(self, run: Run) -> None:
        """Begin with a queued run."""
        self.run = run
        self.changed = asyncio.Event()
        self.moved = asyncio.Event()
        self.cancelled = False
        self.lost = False
        self.work: asyncio.Task[None] | None = None
        self._stopping = False

    def begin(self, at: datetime) -> None:
        """The run got its turn."""
        self._become(self.run.model_copy(update={"status": RunStatus.RUNNING, "started_at": at}))

    def report(self, stage: Stage, progress: float) -> None:
        """Move on; progress never goes back."""
        progress = min(1.0, max(progress, self.run.progress))
        self._become(self.run.model_copy(update={"stage": stage, "progress": progress}))

    def cancel(self) -> None:
        """Ask the work to end as cancelled."""
        self.cancelled = True
        self.interrupt()

    def lose(self) -> None:
        """Ask the work to end without a word: another process has ended the run."""
        self.lost = True
        self.interrupt()

    def interrupt(self) -> None:
        """Ask the work to end, once: a second cancellation would tear at the tidying up after the first."""
        if self.work is not None and not self._stopping:
            self._stopping = True
            self.work.cancel()

    def settle(self) -> None:
        """From now on the work ends by itself and is not to be disturbed."""
        self._stopping = True

    def tell(self) -> None:
        """Wake those who wait for another state."""
        self.moved.set()
        self.moved = asyncio.Event()

    def _become(self, run: Run) -> None:
        self.run = run
        self.changed.set()
        self.tell()
