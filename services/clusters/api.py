"""The HTTP face of clusters."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime

from services.clusters.cluster import Cluster
from services.clusters.resources import Resources
from services.clusters.run import Basis, Run, RunRequest, RunStatus, RunSummary
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import InputError, NotFoundError
from shared.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["clusters"])

TRAINABLE = frozenset({Basis.BEHAVIOUR})


class Submitted(Frozen):
    """A run that was taken in, or was there already."""

    run_id: str
    status: RunStatus


class ClusterList(Frozen):
    """The clusters of the current run."""

    run_id: str
    basis: Basis
    trained_at: AwareDatetime | None
    items: list[Cluster]


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Held = Annotated[Resources, Depends(_resources)]
WantedBasis = Annotated[Basis, Query(description="what authors were compared by")]


@router.post("/brands/{brand}/runs", status_code=202, dependencies=[requires(Scope.WRITE)])
async def submit_run(brand: Brand, held: Held, request: RunRequest | None = None) -> Submitted:
    """Queue a training, or return the active one of this brand and basis with the same parameters (409 for others).

    The brand need not be known: a run about a brand without posts fails with a sentence.
    """
    request = request or RunRequest()
    if request.basis not in TRAINABLE:
        raise InputError(f"basis {request.basis} cannot be trained so far, only behaviour", ("body", "basis"))
    run = await held.trainer.submit(brand, request)
    return Submitted(run_id=run.run_id, status=run.status)


@router.get("/brands/{brand}/runs", dependencies=[requires(Scope.READ)])
async def list_runs(
    brand: Brand,
    held: Held,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[RunSummary]:
    """The brand's runs, newest first."""
    before = str(decode_cursor(cursor, str)[0]) if cursor is not None else None
    runs = await held.store.runs(brand, limit + 1, before)
    more = encode_cursor([runs[limit - 1].run_id]) if len(runs) > limit else None
    return Page[RunSummary](items=list(runs[:limit]), next_cursor=more)


@router.get("/runs/{run_id}", dependencies=[requires(Scope.READ)])
async def show_run(run_id: str, held: Held) -> RunSummary:
    """One run: status, stage, progress, the scores of each k and the reason for the one chosen."""
    return await held.store.find(run_id)


@router.post("/runs/{run_id}/cancel", status_code=202, dependencies=[requires(Scope.WRITE)])
async def cancel_run(run_id: str, held: Held) -> RunSummary:
    """Ask for a run's end; it shows as cancelled soon after. A run that has ended otherwise is 409."""
    return await held.trainer.cancel(run_id)


@router.get("/brands/{brand}/clusters", dependencies=[requires(Scope.READ)])
async def list_clusters(brand: Brand, held: Held, basis: WantedBasis = Basis.BEHAVIOUR) -> ClusterList:
    """The cards of the current run's clusters."""
    run = await _current(held, brand, basis)
    return ClusterList(run_id=run.run_id, basis=basis, trained_at=run.ended_at, items=run.clusters)


@router.get("/brands/{brand}/clusters/{cluster_id}", dependencies=[requires(Scope.READ)])
async def show_cluster(brand: Brand, cluster_id: int, held: Held, basis: WantedBasis = Basis.BEHAVIOUR) -> Cluster:
    """One card of the current run."""
    run = await _current(held, brand, basis)
    for cluster in run.clusters:
        if cluster.id == cluster_id:
            return cluster
    ids = ", ".join(str(cluster.id) for cluster in run.clusters)
    raise NotFoundError(f"the current run of {brand} has no cluster {cluster_id}; it has {ids}")


async def _current(held: Resources, brand: str, basis: Basis) -> Run:
    run = await held.store.current(brand, basis)
    if run is None:
        raise NotFoundError(
            f"{brand} has no clusters by {basis} yet; train them with POST /v1/brands/{brand}/runs "
            f'and the body {{"basis": "{basis}"}}'
        )
    return run
