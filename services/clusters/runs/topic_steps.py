"""One run of topics from end to end: read posts, find topics, keep them."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.posts import UnreadablePostsError, read_posts
from services.clusters.runs.run import Run, RunKind, RunStatus, Stage
from services.clusters.runs.run_store import RunStore
from services.clusters.topics.discovery import Discovery, discover
from services.clusters.topics.model import TopicModel
from services.clusters.topics.topic import FoundTopics, TopicMethod, TopicRequest
from services.clusters.worker import Advance, Worker
from shared.clock import Clock
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer

TOPICS: Final = "topics"
MODEL: Final = "topic model"
"""Artifacts of a run: a `FoundTopics` as JSON and a `TopicModel`."""

SPANS: Final = {
    Stage.READING: (0.0, 0.3),
    Stage.SEARCHING: (0.3, 0.7),
    Stage.FITTING: (0.7, 0.9),
    Stage.DESCRIBING: (0.9, 1.0),
}
"""Which part of the whole each stage is."""

_PAGE: Final = 10_000
_NOT_FOUND: Final = 404


class TopicSteps:
    """The stages of a run of topics."""

    def __init__(self, profiles: ProfilesPeer, store: RunStore, worker: Worker, most: int, clock: Clock) -> None:
        """Read up to `most` posts from `profiles`, compute by `worker`, keep in `store`."""
        self._profiles = profiles
        self._store = store
        self._worker = worker
        self._most = most
        self._clock = clock

    async def find(self, run: Run, current: Run | None, report: Callable[[Stage, float], None]) -> Run:
        """Return the run as it succeeded; what it found is kept beside it.

        Topics keep the ids of those of the run that is `current`. May be cancelled at any moment. Raises
        CannotTrainError, PeerError, WorkerLostError, ComputationError, and OSError where the disk is full.
        """

        def advance(stage: str, done: float) -> None:
            first, last = SPANS[Stage(stage)]
            report(Stage(stage), first + (last - first) * done)

        request = run.request
        if not isinstance(request, TopicRequest):
            raise TypeError(f"run {run.run_id} is of clusters")
        advance(Stage.READING, 0.0)
        table = await self._posts(run.brand, request)
        before = None if current is None else await self._store.artifacts.read(current.run_id, MODEL)
        found, model = await self._worker.run(find_topics, table, request.method, request.seed, before, report=advance)
        await self._store.artifacts.keep(run.run_id, TOPICS, found.model_dump_json().encode())
        await self._store.artifacts.keep(run.run_id, MODEL, model)
        ended = {"status": RunStatus.SUCCEEDED, "stage": Stage.DONE, "progress": 1.0, "ended_at": self._clock.now()}
        told = {"authors": found.authors, "k": len(found.items), "reason": found.reason}
        return run.model_copy(update={**ended, **told, "code_version": version("voxpop")})

    async def _posts(self, brand: str, request: TopicRequest) -> pa.Table:
        try:
            posts = await read_posts(
                self._profiles, brand, self._most, embeddings=request.method is TopicMethod.EMBEDDING
            )
        except UnreadablePostsError as error:
            raise CannotTrainError(str(error)) from None
        except PeerRefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            sentence = f"nothing is known of the brand {brand}; ingest posts about it, then ask for topics"
            raise CannotTrainError(sentence) from None
        if request.cluster is None:
            return posts.table
        members = await self._members(brand, request.cluster, request.basis or Basis.BEHAVIOUR)
        return posts.table.filter(pc.is_in(posts.table["author_key"], value_set=members))

    async def _members(self, brand: str, cluster: int, basis: Basis) -> pa.Array:
        """Return the author keys of a cluster of the current run."""
        run = await self._store.current(brand, basis)
        if run is None or cluster not in {each.id for each in run.clusters}:
            raise CannotTrainError(f"{brand} has no cluster {cluster} by {basis} any more; ask for one that it has")
        pages: list[pa.Table] = []
        cursor: str | None = None
        while True:
            content, following = await self._profiles.assignments(brand, run.run_id, _PAGE, cursor)
            with pa.ipc.open_stream(content) as stream:
                page = stream.read_all()
            pages.append(page.filter(pc.equal(page["cluster"], cluster)).select(["author_key"]))
            if following is None or following == cursor:
                return pa.concat_tables(pages)["author_key"].combine_chunks()
            cursor = following


def find_topics(
    advance: Advance, table: pa.Table, method: TopicMethod, seed: int, before: bytes | None
) -> tuple[FoundTopics, bytes]:
    """Return the topics of posts and their model's bytes, in a worker process; `before` is the model of the run before.

    Raises CannotTrainError.
    """
    try:
        earlier = None if before is None else TopicModel.from_bytes(before)
    except ValueError:
        earlier = None  # of another version: ids begin anew
    discovery: Discovery = discover(advance, table, method, seed, earlier)
    return discovery.found, discovery.model.to_bytes()


async def topics_of(store: RunStore, run: Run) -> FoundTopics | None:
    """Return what a run of topics found; None where it keeps none. Raises UnreadableRowError."""
    content = await store.artifacts.read(run.run_id, TOPICS) if run.kind is RunKind.TOPICS else None
    return None if content is None else FoundTopics.model_validate_json(content)
