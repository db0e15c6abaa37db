"""Topics over HTTP: asked for, and shown as they were found."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.clusters.api.dependencies import Res
from services.clusters.api.runs import SubmittedRun
from services.clusters.bases.basis import Basis
from services.clusters.resources import Resources
from services.clusters.runs.topic_steps import topics_of
from services.clusters.topics.topic import MOST_CLUSTER_ID, FoundTopics, TopicMethod, TopicRequest, subject_of
from shared.access import Scope
from shared.brand import Brand
from shared.errors import InputError, NotFoundError
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/topics", tags=["topics"])


class StoredTopics(FoundTopics):
    """The topics of the run that is current for their method, and for their cluster by its basis."""

    run_id: str
    method: TopicMethod
    cluster: int | None
    basis: Basis | None
    seed: int
    found_at: AwareDatetime | None


@router.post("", status_code=202, dependencies=[requires(Scope.WRITE)])
async def submit_topics(brand: Brand, resources: Res, request: TopicRequest) -> SubmittedRun:
    """Queue a run that finds topics, or return the active one of the same posts with the same seed (409 for another).

    It is watched, cancelled, restored and deleted as runs of clusters are. The brand need not be known: a run about a
    brand without posts fails with a sentence.
    """
    await _check_cluster(resources, brand, request.cluster, request.basis, "body")
    if request.cluster is not None and request.basis is None:
        request = request.model_copy(update={"basis": Basis.BEHAVIOUR})
    run = await resources.trainer.submit(brand, request)
    return SubmittedRun(run_id=run.run_id, status=run.status)


@router.get("", dependencies=[requires(Scope.READ)])
async def show_topics(
    brand: Brand,
    resources: Res,
    method: TopicMethod = TopicMethod.EMBEDDING,
    cluster: Annotated[int | None, Query(ge=0, le=MOST_CLUSTER_ID, description="of one cluster alone")] = None,
    basis: Annotated[Basis | None, Query(description="what the cluster's authors were compared by")] = None,
) -> StoredTopics:
    """The topics that were found last, the largest first, with how good they are and how they change."""
    await _check_cluster(resources, brand, cluster, basis, "query")
    if cluster is not None:
        basis = basis or Basis.BEHAVIOUR
    run = await resources.store.runs.current(brand, subject_of(method, cluster, basis))
    found = None if run is None else await topics_of(resources.store.runs, run)
    if run is None or found is None:
        wanted = TopicRequest(method=method, cluster=cluster, basis=basis).model_dump_json(
            exclude_none=True, exclude={"seed"}
        )
        raise NotFoundError(
            f"{brand} has no {subject_of(method, cluster, basis)} yet; find them with POST /v1/brands/{brand}/topics "
            f"and the body {wanted}"
        )
    return StoredTopics(
        **dict(found),
        run_id=run.run_id,
        method=method,
        cluster=cluster,
        basis=basis,
        seed=run.request.seed,
        found_at=run.ended_at,
    )


async def _check_cluster(
    resources: Resources, brand: str, cluster: int | None, basis: Basis | None, where: str
) -> None:
    """Raise InputError where a basis stands without a cluster, NotFoundError where there is no such cluster."""
    if cluster is None:
        if basis is not None:
            raise InputError(
                "basis says whose cluster is meant; give cluster too, or leave basis out", (where, "basis")
            )
        return
    basis = basis or Basis.BEHAVIOUR
    run = await resources.store.runs.current(brand, basis)
    if run is None:
        raise NotFoundError(
            f"{brand} has no clusters by {basis} yet; train them with POST /v1/brands/{brand}/runs "
            f'and the body {{"basis": "{basis}"}}'
        )
    ids = [each.id for each in run.clusters]
    if cluster not in ids:
        told = ", ".join(str(one) for one in ids)
        raise NotFoundError(f"the current run of {brand} by {basis} has no cluster {cluster}; it has {told}")
