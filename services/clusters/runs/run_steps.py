"""One run from end to end: read features, compute, stage the assignments, publish them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version

import pyarrow as pa

from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.posts import UnreadablePostsError, read_posts
from services.clusters.runs.assignments import assignment_pages
from services.clusters.runs.run import Run, RunStatus, Stage
from services.clusters.runs.run_store import RunStore
from services.clusters.runs.trained_clusters import NOTHING_BEFORE, Before, TrainedClusters, train_file
from services.clusters.worker import Advance, TableFile, Worker
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer

Report = Callable[[Stage, float], None]
"""Told the stage and the progress of the whole run, 0 to 1, on the event loop."""

CHUNK = 10_000
"""Authors whose clusters are sent at a time."""

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
_LAST_CHANGE = b"last_change"


class RunSteps:
    """The stages of a run."""

    def __init__(
        self,
        profiles: ProfilesPeer,
        store: RunStore,
        page_rows: int,
        budget: TrainingBudget,
        worker: Worker,
        card_posts: int = 20_000,
        examples: int = 0,
    ) -> None:
        """Read `page_rows` authors at a time from `profiles`, write there, compute by `worker` within `budget`.

        Cards are made of `card_posts` posts at most, of which up to `examples` stand for each cluster.
        """
        self._card_posts = card_posts
        self._examples = examples
        self._profiles = profiles
        self._store = store
        self._page_rows = page_rows
        self._budget = budget
        self._worker = worker

    async def train(self, run: Run, current: Run | None, report: Report) -> TrainedClusters:
        """Read the brand's authors and group them.

        Ids are aligned to the run that is `current`. May be cancelled at any moment, which ends a fit that is on.
        Raises CannotTrainError, PeerError, WorkerLostError, ComputationError, and OSError where the disk is full.
        """

        def advance(stage: str, done: float) -> None:
            report(Stage(stage), overall(Stage(stage), done))

        advance(Stage.READING, 0.0)
        async with self._worker.table_file() as file, self._worker.table_file() as texts:
            through = await self._read_features(run.brand, run.training.basis, file, advance)
            before = NOTHING_BEFORE
            if current is not None:
                before = await self._before(current)
            await self._read_posts(run.brand, texts)
            trained = await self._worker.run(
                train_file, file, run.training, before, self._budget, texts, self._examples, report=advance
            )
            return replace(trained, through=through)

    async def stage(self, run: Run, trained: TrainedClusters, report: Report) -> int:
        """Send every author's cluster to profiles, where nothing shows yet; return how many it holds.

        It may hold fewer than were sent: authors erased since they were read are gone for good.
        Raises PeerError.
        """
        assignments = trained.assignments
        stored = 0
        for first in range(0, len(assignments), CHUNK):
            part = assignments.slice(first, CHUNK)
            clusters = dict(zip(part["author_key"].to_pylist(), part["cluster"].to_pylist(), strict=True))
            stored += await self._profiles.stage(run.brand, run.run_id, run.training.basis, clusters)
            report(Stage.ASSIGNING, overall(Stage.ASSIGNING, (first + len(part)) / len(assignments)))
        return stored

    async def publish(self, run: Run, trained: TrainedClusters, staged: int, report: Report) -> None:
        """Show the staged clusters.

        An author who is erased between the staging and this takes their staged cluster along, and profiles publishes
        nothing that lacks an author. So all are staged again, which passes the erased over and counts the rest.
        Raises CannotTrainError, PeerError.
        """
        for _ in range(PUBLICATIONS):
            if await self._profiles.publish(run.brand, run.run_id, run.training.basis, staged):
                return
            staged = await self.stage(run, trained, report)
        raise CannotTrainError("profiles did not publish the clusters: it holds other than was sent; train again")

    async def _read_features(self, brand: str, basis: Basis, file: TableFile, advance: Advance) -> int:
        """Write the features of every author of the brand to a file, with their embeddings where the basis reads them.

        Returns the number of the last change that is in them.

        Raises CannotTrainError where nothing is known of the brand or the pages cannot be read.
        """
        cursor: str | None = None
        while True:
            try:
                content, following = await self._profiles.features(
                    brand, self._page_rows, cursor, embeddings=basis.reads_embeddings
                )
            except PeerRefusedError as error:
                if error.status != _NOT_FOUND:
                    raise
                sentence = f"nothing is known of the brand {brand}; ingest posts about it, then train"
                raise CannotTrainError(sentence) from None
            rows, through = await asyncio.to_thread(_append, file, content)
            advance(Stage.READING, file.rows / (file.rows + self._budget.search_rows))
            if following is None:
                break
            if not rows or following == cursor:
                raise CannotTrainError("profiles' pages of features do not advance; try again")
            cursor = following
        file.close()
        return through

    async def _read_posts(self, brand: str, file: TableFile) -> None:
        """Write a fair sample of the brand's posts to a file; raises CannotTrainError where they cannot be read."""
        try:
            posts = await read_posts(self._profiles, brand, self._card_posts, embeddings=True)
        except UnreadablePostsError as error:
            raise CannotTrainError(str(error)) from None
        await asyncio.to_thread(file.append, posts.table)
        file.close()

    async def _before(self, current: Run) -> Before:
        """Return what is known of the run that is current."""
        pages = [page async for page in assignment_pages(self._profiles, current)]
        model = await self._store.artifacts.read(current.run_id, "model")
        used = frozenset(cluster.id for cluster in current.clusters)
        return Before(pa.concat_tables(pages), used, current.run_id, model)


def _append(file: TableFile, content: bytes) -> tuple[int, int]:
    """Add a page to the table; return how many authors it has and the last change in it.

    Raises CannotTrainError, OSError.
    """
    try:
        with pa.ipc.open_stream(content) as stream:
            page = stream.read_all()
    except (pa.ArrowInvalid, OSError):
        raise CannotTrainError("profiles' features are not an Arrow stream; is profiles up to date?") from None
    try:
        file.append(page)
    except pa.ArrowInvalid:
        raise CannotTrainError("profiles' pages of features differ in their columns; try again") from None
    return len(page), int((page.schema.metadata or {}).get(_LAST_CHANGE, b"0"))


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
            "authors": len(trained.assignments),
            "k": trained.choice.k,
            "reason": trained.choice.reason,
            "scores": trained.scores,
            "features": trained.features,
            "dropped_features": trained.dropped,
            "filled_features": trained.filled,
            "authors_left_out": trained.left_out,
            "embedding_version": trained.model.embedding_version,
            "through": trained.through,
            "code_version": version("voxpop"),
            "before": trained.before,
            "lineage": trained.lineage,
            "clusters": trained.clusters,
            "examples": trained.examples,
        }
    )
