"""Clusters of the current run over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.cards.cluster import Cluster, told
from services.clusters.resources import Resources
from services.clusters.runs.run import Run
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import NotFoundError
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/clusters", tags=["clusters"], dependencies=[requires(Scope.READ)])

WantedBasis = Annotated[Basis, Query(description="what authors were compared by")]


class ClusterList(Frozen):
    """The clusters of the current run."""

    run_id: str
    basis: Basis
    trained_at: AwareDatetime | None
    items: list[Cluster]


@router.get("")
async def list_clusters(brand: Brand, resources: Res, basis: WantedBasis = Basis.BEHAVIOUR) -> ClusterList:
    """The cards of the current run's clusters."""
    run = await _current(resources, brand, basis)
    return ClusterList(run_id=run.run_id, basis=basis, trained_at=run.ended_at, items=told(run.clusters))


@router.get("/{cluster_id}")
async def show_cluster(brand: Brand, cluster_id: int, resources: Res, basis: WantedBasis = Basis.BEHAVIOUR) -> Cluster:
    """One card of the current run."""
    run = await _current(resources, brand, basis)
    for cluster in told(run.clusters):
        if cluster.id == cluster_id:
            return cluster
    ids = ", ".join(str(cluster.id) for cluster in run.clusters)
    raise NotFoundError(f"the current run of {brand} has no cluster {cluster_id}; it has {ids}")


async def _current(resources: Resources, brand: str, basis: Basis) -> Run:
    run = await resources.store.runs.current(brand, basis)
    if run is None:
        raise NotFoundError(
            f"{brand} has no clusters by {basis} yet; train them with POST /v1/brands/{brand}/runs "
            f'and the body {{"basis": "{basis}"}}'
        )
    return run
