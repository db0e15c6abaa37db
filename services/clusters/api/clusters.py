"""Clusters of the current run over HTTP."""

from datetime import timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.cards.cluster import Cluster, told
from services.clusters.resources import Resources
from services.clusters.runs.run import Run, RunStatus
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import NotFoundError
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/clusters", tags=["clusters"], dependencies=[requires(Scope.READ)])
WantedBasis = Annotated[Basis, Query(description="what authors were compared by")]


class FailedRun(Frozen):
    """A training that ended without clusters after the current run."""

    run_id: str
    ended_at: AwareDatetime | None
    error: str | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return what is told of a run that failed."""
        return cls(run_id=run.run_id, ended_at=run.ended_at, error=run.error)


class ClusterList(Frozen):
    """The clusters of the current run, and how fresh they are.

    `age_seconds` is the time since the training. `assigned_since` is the share of authors assigned since then, new or
    changed; `drift` how much farther from their centroids these lie than the training's own authors (0.2 is a fifth
    farther), null while they are few. `failed_since` is the last training after it, where that failed.
    """

    run_id: str
    basis: Basis
    trained_at: AwareDatetime | None
    age_seconds: Annotated[int, Field(ge=0)]
    assigned_since: Annotated[float, Field(ge=0, le=1)]
    drift: float | None
    failed_since: FailedRun | None
    items: list[Cluster]


@router.get("")
async def list_clusters(brand: Brand, resources: Res, basis: WantedBasis = Basis.BEHAVIOUR) -> ClusterList:
    """The cards of the current run's clusters."""
    run = await current_run(resources, brand, basis)
    freshness = await resources.store.freshness.of(brand, basis)
    kept = freshness if freshness is not None and freshness.run_id == run.run_id else None
    assigned = kept.assigned if kept is not None else 0
    latest = await resources.store.runs.latest(brand, basis)
    failed = latest if latest is not None and latest.status is RunStatus.FAILED else None
    age = resources.clock.now() - run.ended_at if run.ended_at is not None else timedelta()
    return ClusterList(
        run_id=run.run_id,
        basis=basis,
        trained_at=run.ended_at,
        age_seconds=max(0, round(age.total_seconds())),
        assigned_since=assigned / max(run.authors or 0, assigned, 1),
        drift=kept.drift if kept is not None else None,
        failed_since=None if failed is None else FailedRun.of(failed),
        items=told(run.clusters),
    )


@router.get("/{cluster_id}")
async def show_cluster(brand: Brand, cluster_id: int, resources: Res, basis: WantedBasis = Basis.BEHAVIOUR) -> Cluster:
    """One card of the current run."""
    return card_of(await current_run(resources, brand, basis), cluster_id)


def card_of(run: Run, cluster_id: int) -> Cluster:
    """Return one card of a run; raises NotFoundError, naming the clusters there are."""
    for cluster in told(run.clusters):
        if cluster.id == cluster_id:
            return cluster
    ids = ", ".join(str(cluster.id) for cluster in run.clusters)
    raise NotFoundError(f"the current run of {run.brand} has no cluster {cluster_id}; it has {ids}")


async def current_run(resources: Resources, brand: str, basis: Basis) -> Run:
    """Return the current run; raises NotFoundError with the remedy where there is none."""
    run = await resources.store.runs.current(brand, basis)
    if run is None:
        raise NotFoundError(
            f"{brand} has no clusters by {basis} yet; train them with POST /v1/brands/{brand}/runs "
            f'and the body {{"basis": "{basis}"}}'
        )
    return run
