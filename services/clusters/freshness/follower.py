"""Follows what changes in profiles, and puts new and changed authors into the clusters of the current runs."""

import asyncio
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import structlog

from services.clusters.bases.basis import Basis
from services.clusters.fits.run_model import UNPLACED, RunModel
from services.clusters.freshness.freshness_store import FreshnessStore
from services.clusters.freshness.run_freshness import RunFreshness
from services.clusters.freshness.run_models import RunModels
from services.clusters.runs.run import Run
from services.clusters.runs.run_store import RunStore
from shared.clock import Clock
from shared.errors import PeerRefusedError, PeerUnavailableError
from shared.profiles_peer import ProfilesPeer
from shared.rounds import Round

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
TURN_SECONDS: Final = 20.0
"""So long one replica follows before any may take its turn."""
LASTING: Final = timedelta(minutes=3)
PAGE: Final = 5000
CHUNK: Final = 5000
_LAST_CHANGE: Final = b"last_change"
_GONE: Final = 404


class Follower:
    """Assigns at a cost by change: what has not changed is neither read nor written."""

    def __init__(
        self, runs: RunStore, models: RunModels, freshness: FreshnessStore, profiles: ProfilesPeer, clock: Clock
    ) -> None:
        """Read current runs from `runs`, their models, and authors from `profiles`, where assignments go too."""
        self._runs = runs
        self._models = models
        self._freshness = freshness
        self._profiles = profiles
        self._clock = clock

    def round(self) -> Round:
        """Return the work that one replica does for all: a minute of following, due again at once."""
        soon = timedelta(seconds=POLL_SECONDS)
        return Round("freshness", self._turn, soon, soon, LASTING, POLL_SECONDS)

    async def _turn(self) -> None:
        end = self._clock.monotonic() + TURN_SECONDS
        await self.follow(everywhere=True)
        while True:
            await self.follow()
            if self._clock.monotonic() >= end:
                return
            await self._clock.sleep(POLL_SECONDS)

    async def follow(self, *, everywhere: bool = False) -> int:
        """Assign every author that changed since the last time; return how many assignments were written.

        `everywhere` looks at brands that did not change too: a run of theirs may be current that was not. What fails
        for one brand is tried again with its next change. Raises PeerUnavailableError where profiles is away.
        """
        followed = await self._freshness.followed()
        changes = await self._profiles.changes(0 if everywhere else followed)
        if changes.next < followed:
            changes = await self._profiles.changes(0)
        assigned = 0
        for brand, latest in sorted(changes.brands.items()):
            for basis in Basis:
                run = await self._runs.current(brand, basis)
                if run is not None:
                    assigned += await self._caught_up(run, latest)
        if changes.next != followed:
            await self._freshness.follow(changes.next)
        return assigned

    async def _caught_up(self, run: Run, latest: int) -> int:
        try:
            return await self._catch_up(run, latest)
        except PeerUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one brand's fault is that brand's alone
            log.warning("freshness.failed", run_id=run.run_id, error=type(error).__name__)
            return 0

    async def _catch_up(self, run: Run, latest: int) -> int:
        """Assign the authors that changed since they were looked at, up to the brand's last change; return how many."""
        model = await self._models.of(run)
        if model is None:
            return 0
        basis = run.training.basis
        freshness = await self._freshness.of(run.brand, basis)
        if freshness is None or freshness.run_id != run.run_id:
            freshness = RunFreshness(run_id=run.run_id, through=run.through or 0)
        if freshness.through > latest:
            freshness = freshness.model_copy(update={"through": 0})
        if freshness.through == latest:
            return 0
        return await self._assign_changed(run, model, freshness)

    async def _assign_changed(self, run: Run, model: RunModel, freshness: RunFreshness) -> int:
        cursor, assigned, after = None, 0, freshness.through
        while True:
            try:
                content, cursor = await self._profiles.features(
                    run.brand,
                    PAGE,
                    cursor,
                    embeddings=run.training.basis.reads_embeddings,
                    changed_after=after,
                )
            except PeerRefusedError as error:
                if error.status != _GONE:
                    raise
                return assigned  # its last post was removed; the next post is a change
            placed = await asyncio.to_thread(_placed, model, content)
            keys = list(placed.clusters)
            for first in range(0, len(keys), CHUNK):
                chunk = {key: placed.clusters[key] for key in keys[first : first + CHUNK]}
                await self._profiles.stage(run.brand, run.run_id, run.training.basis, chunk)
            assigned += len(keys)
            # Only the last page is the end of what was asked for: an end on the way is told by none.
            through = placed.through if cursor is None else after
            freshness = freshness.with_assigned(keys, placed.distances, through)
            if cursor is None:
                if keys or through != after:
                    await self._freshness.put(run.brand, run.training.basis, freshness)
                return assigned


class _Placed:
    """The clusters of a page's authors, and their distances in the usual ones of their clusters."""

    def __init__(self, clusters: dict[str, int], distances: list[float], through: int) -> None:
        self.clusters = clusters
        self.distances = distances
        self.through = through


def _placed(model: RunModel, content: bytes) -> _Placed:
    with pa.ipc.open_stream(content) as stream:
        table = stream.read_all()
    through = int((table.schema.metadata or {}).get(_LAST_CHANGE, b"0"))
    if "is_unknown" in table.column_names:
        table = table.filter(pa.compute.invert(pa.compute.fill_null(table["is_unknown"], fill_value=False)))
    if not len(table):
        return _Placed({}, [], through)
    clusters, distances = model.assign(table)
    known = clusters != UNPLACED
    usual = np.maximum(model.spread[np.searchsorted(model.cluster_ids, np.where(known, clusters, 0))], 1e-9)
    keys = table["author_key"].to_pylist()
    return _Placed(
        {keys[place]: int(clusters[place]) for place in np.flatnonzero(known).tolist()},
        (distances / usual)[known].tolist(),
        through,
    )
