"""One run from end to end: read features, compute, stage the assignments, publish them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from functools import partial

import pyarrow as pa

from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.runs.run import Run, RunStatus, Stage
from services.clusters.runs.trained_clusters import NOTHING_BEFORE, Before, TrainedClusters, train
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer

Report = Callable[[Stage, float], None]
"""Told the stage and the progress of the whole run, 0 to 1, on the event loop."""

CHUNK = 10_000
"""Authors whose clusters are sent at a time."""

MEMBER_PAGE = 1_000
ALIGNED_MEMBERS = 20_000
"""Of the run before at most so many authors are looked at to keep ids with the same people."""

PUBLICATIONS = 3
"""How often a run is published whose staged authors become fewer meanwhile."""

SPANS = {
    Stage.READING: (0.0, 0.2),
    Stage.SCALING: (0.2, 0.25),
    Stage.SEARCHING: (0.25, 0.75),
    Stage.DESCRIBING: (0.75, 0.85),
    Stage.ASSIGNING: (0.85, 0.98),
    Stage.PUBLISHING: (0.98, 1.0),
}
"""Which part of the whole each stage is."""

_NOT_FOUND = 404


class RunSteps:
    """The stages of a run; computing happens in `executor`."""

    def __init__(self, profiles: ProfilesPeer, page_rows: int, budget: TrainingBudget, executor: Executor) -> None:
        """Read `page_rows` authors at a time from `profiles`, write there, compute within `budget`."""
        self._profiles = profiles
        self._page_rows = page_rows
        self._budget = budget
        self._executor = executor

    async def train(self, run: Run, current: Run | None, report: Report) -> TrainedClusters:
        """Read the brand's authors and group them.

        Ids are aligned to the run that is `current`. May be cancelled at any moment; a fit that is on
        is waited for. Raises CannotTrainError, PeerError.
        """

        def read(rows: int) -> None:
            report(Stage.READING, overall(Stage.READING, rows / (rows + self._budget.search_rows)))

        read(0)
        table = await self._features(run.brand, read)
        before = NOTHING_BEFORE
        if current is not None:
            members = await self._members(run.brand, run.request.basis)
            before = Before(members, frozenset(cluster.id for cluster in current.clusters))
        return await self._compute(run, table, before, report)

    async def stage(self, run: Run, trained: TrainedClusters, report: Report) -> int:
        """Send every author's cluster to profiles, where nothing shows yet; return how many it holds.

        It may hold fewer than were sent: authors erased since they were read are gone for good.
        Raises PeerError.
        """
        pairs = list(zip(trained.author_keys, trained.cluster_ids, strict=True))
        stored = 0
        for first in range(0, len(pairs), CHUNK):
            clusters = dict(pairs[first : first + CHUNK])
            stored += await self._profiles.stage(run.brand, run.run_id, run.request.basis, clusters)
            report(Stage.ASSIGNING, overall(Stage.ASSIGNING, (first + len(clusters)) / len(pairs)))
        return stored

    async def publish(self, run: Run, trained: TrainedClusters, staged: int, report: Report) -> None:
        """Show the staged clusters.

        An author who is erased between the staging and this takes their staged cluster along, and profiles publishes
        nothing that lacks an author. So all are staged again, which passes the erased over and counts the rest.
        Raises CannotTrainError, PeerError.
        """
        for _ in range(PUBLICATIONS):
            if await self._profiles.publish(run.brand, run.run_id, run.request.basis, staged):
                return
            staged = await self.stage(run, trained, report)
        raise CannotTrainError("profiles did not publish the clusters: it holds other than was sent; train again")

    async def _features(self, brand: str, on_page: Callable[[int], None]) -> pa.Table:
        """Return the features of every author of the brand; `on_page` gets how many there are so far.

        Raises CannotTrainError where nothing is known of the brand or the pages cannot be read.
        """
        pages: list[pa.Table] = []
        cursor: str | None = None
        while True:
            try:
                content, following = await self._profiles.features(brand, self._page_rows, cursor)
            except PeerRefusedError as error:
                if error.status != _NOT_FOUND:
                    raise
                sentence = f"nothing is known of the brand {brand}; ingest posts about it, then train"
                raise CannotTrainError(sentence) from None
            pages.append(_table(content))
            on_page(sum(len(page) for page in pages))
            if following is None:
                break
            if not len(pages[-1]) or following == cursor:
                raise CannotTrainError("profiles' pages of features do not advance; try again")
            cursor = following
        try:
            return pa.concat_tables(pages)
        except pa.ArrowInvalid:
            raise CannotTrainError("profiles' pages of features differ in their columns; try again") from None

    async def _members(self, brand: str, basis: Basis) -> dict[str, int]:
        """Return the published cluster of a fair sample of the authors."""
        members: dict[str, int] = {}
        cursor = None
        for _ in range(ALIGNED_MEMBERS // MEMBER_PAGE):
            page, cursor = await self._profiles.assigned(brand, basis, MEMBER_PAGE, cursor)
            members |= page
            if cursor is None:
                break
        return members

    async def _compute(self, run: Run, table: pa.Table, before: Before, report: Report) -> TrainedClusters:
        loop = asyncio.get_running_loop()
        stop = threading.Event()

        def advance(stage: Stage, done: float) -> None:
            loop.call_soon_threadsafe(report, stage, overall(stage, done))

        work = partial(train, table, run.request, before, self._budget, advance, stop.is_set)
        computing = loop.run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(computing)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([computing])
            computing.cancelled() or computing.exception()  # the thread's own word on stopping adds nothing
            raise


def _table(content: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(content) as stream:
            return stream.read_all()
    except (pa.ArrowInvalid, OSError):
        raise CannotTrainError("profiles' features are not an Arrow stream; is profiles up to date?") from None


def overall(stage: Stage, done: float) -> float:
    """Return the progress of the whole run where `done` of a stage is."""
    first, last = SPANS[stage]
    return first + (last - first) * done


def succeeded(run: Run, trained: TrainedClusters, at: datetime) -> Run:
    """Return the run with what was found."""
    return run.model_copy(
        update={
            "status": RunStatus.SUCCEEDED,
            "stage": Stage.DONE,
            "progress": 1.0,
            "ended_at": at,
            "authors": len(trained.author_keys),
            "k": trained.choice.k,
            "reason": trained.choice.reason,
            "scores": trained.scores,
            "features": trained.features,
            "dropped_features": trained.dropped,
            "filled_features": trained.filled,
            "authors_left_out": trained.left_out,
            "embedding_version": trained.model.embedding_version,
            "clusters": trained.clusters,
        }
    )
