"""What people praise and blame, over HTTP; computed in a worker process."""

from typing import Annotated

import pyarrow.compute as pc
from fastapi import APIRouter, Query, Request

from services.clusters.api.clusters import card_of, current_run
from services.clusters.api.dependencies import Res
from services.clusters.api.movements import Until, WantedWindow, windows_of
from services.clusters.aspects.aspect import Aspects
from services.clusters.aspects.found_aspects import aspects_of
from services.clusters.bases.basis import Basis
from services.clusters.resources import Resources
from services.clusters.runs.run import Run
from services.clusters.topics.topic import MOST_CLUSTER_ID
from shared.access import Scope
from shared.brand import Brand
from shared.errors import InputError, NotFoundError
from shared.web.auth import check_scope, requires

router = APIRouter(prefix="/v1/brands/{brand}/aspects", tags=["clusters"], dependencies=[requires(Scope.READ)])

MOST_EXAMPLES = 2
OFF = "examples of aspects are off; set CLUSTERS_EXAMPLE_POSTS to turn exemplary posts on, or leave examples out"


@router.get("")
async def show_aspects(
    brand: Brand,
    resources: Res,
    request: Request,
    cluster: Annotated[int | None, Query(ge=0, le=MOST_CLUSTER_ID, description="of one segment alone")] = None,
    basis: Annotated[Basis | None, Query(description="what the segment's authors were compared by")] = None,
    window: WantedWindow = "30d",
    until: Until = None,
    *,
    examples: Annotated[bool, Query(description="with two posts for each; needs the scope evidence")] = False,
) -> Aspects:
    """What the people of a brand, or of one segment of the current run, write about, praised and blamed."""
    if examples:
        check_scope(request, Scope.EVIDENCE)
        if not resources.example_posts:
            raise NotFoundError(OFF)
    run = await _run(resources, brand, cluster, basis)
    windows = await windows_of(resources, brand, window, until)
    async with resources.segments.read(brand, run, windows.middle, windows.ends, embeddings=True) as read:
        inside = None if run is None else read.members.filter(pc.equal(read.members["cluster"], cluster))
        most = min(MOST_EXAMPLES, resources.example_posts) if examples else 0
        items, note = await resources.worker.run(aspects_of, read.posts, inside, most)
    return Aspects(
        cluster=cluster,
        basis=run.training.basis if run is not None else None,
        run_id=run.run_id if run is not None else None,
        begins=windows.middle,
        ends=windows.ends,
        is_sample=read.is_sample,
        note=note,
        items=items,
    )


async def _run(resources: Resources, brand: str, cluster: int | None, basis: Basis | None) -> Run | None:
    """Return the run that has the segment; raises InputError, NotFoundError."""
    if cluster is None:
        if basis is not None:
            raise InputError(
                "basis says whose segment is meant; give cluster too, or leave basis out", ("query", "basis")
            )
        return None
    run = await current_run(resources, brand, basis or Basis.BEHAVIOUR)
    if not card_of(run, cluster).described:
        raise NotFoundError(f"nothing is told of cluster {cluster}: it has fewer than five people, or is beside one")
    return run
