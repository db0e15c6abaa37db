"""Runs over HTTP: submitted, watched, cancelled."""

from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.cards.cluster import told
from services.clusters.lineage.run_diff import RunDiff
from services.clusters.resources import Resources
from services.clusters.runs.run import RunRequest, RunStatus, RunSummary
from services.clusters.runs.run_map import RunMap
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import InputError, NotFoundError, PeerError
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, text_after
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["clusters"])


class SubmittedRun(Frozen):
    """A run that was taken in, or was there already."""

    run_id: str
    status: RunStatus


class MapPoint(Frozen):
    """An author's place in the plane, and their cluster."""

    x: float
    y: float
    cluster: int


class MapOfRun(Frozen):
    """The points of a run, in no order that tells of their authors."""

    run_id: str
    points: list[MapPoint]


@router.post("/brands/{brand}/runs", status_code=202, dependencies=[requires(Scope.WRITE)])
async def submit_run(brand: Brand, resources: Res, request: RunRequest | None = None) -> SubmittedRun:
    """Queue a training, or return the active one of this brand and basis with the same parameters (409 for others).

    The brand need not be known: a run about a brand without posts fails with a sentence. A k of more clusters than the
    brand has authors is 422.
    """
    request = request or RunRequest()
    if "weight" in request.model_fields_set and request.basis is not Basis.COMBINED:
        raise InputError(f"weight is of the basis combined; leave it out for {request.basis}", ("body", "weight"))
    if request.k != "auto":
        authors = await _authors(resources, brand, request.k)
        if authors is not None and authors < request.k:
            sentence = f"k is {request.k} and {brand} has {authors} authors; ask for a smaller k or for auto"
            raise InputError(sentence, ("body", "k"))
    run = await resources.trainer.submit(brand, request)
    return SubmittedRun(run_id=run.run_id, status=run.status)


@router.get("/brands/{brand}/runs", dependencies=[requires(Scope.READ)])
async def list_runs(
    brand: Brand,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[RunSummary]:
    """The brand's runs, newest first."""
    runs = await resources.store.runs.runs(brand, limit + 1, text_after(cursor) or None)
    return Page.of([run.told() for run in runs], limit, lambda run: [run.run_id])


@router.get("/runs/{run_id}", dependencies=[requires(Scope.READ)])
async def show_run(run_id: str, resources: Res) -> RunSummary:
    """One run: status, stage, progress, the scores of each k and the reason for the one chosen."""
    return (await resources.store.runs.find(run_id)).told()


@router.post("/runs/{run_id}/cancel", status_code=202, dependencies=[requires(Scope.WRITE)])
async def cancel_run(run_id: str, resources: Res) -> RunSummary:
    """Ask for a run's end; it shows as cancelled soon after. A run that has ended otherwise is 409."""
    return (await resources.trainer.cancel(run_id)).told()


@router.post("/runs/{run_id}/restore", dependencies=[requires(Scope.WRITE)])
async def restore_run(run_id: str, resources: Res) -> RunSummary:
    """Serve a run's clusters again in place of the current one's; 409 where its assignments are not kept any more.

    Authors who came since are assigned to its clusters soon after.
    """
    return (await resources.ended.restore(run_id)).told()


@router.delete("/runs/{run_id}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_run(run_id: str, resources: Res) -> None:
    """Remove a run with all that it left; the current one and one that is on are 409."""
    await resources.ended.delete(run_id)


@router.get("/runs/{run_id}/events", dependencies=[requires(Scope.READ)], response_class=StreamingResponse)
async def watch_run(
    run_id: str, resources: Res, last_event_id: Annotated[str | None, Header(max_length=200)] = None
) -> StreamingResponse:
    """A run's progress as server-sent events: `progress` for each change, then `end`, which closes the stream.

    The present state comes first, unless `Last-Event-ID` names it. With 100 streams open a further one is 503.
    """
    resources.events.check_room()
    run = await resources.events.state(run_id)
    events = resources.events.of(run, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.get("/runs/{run_id}/map", dependencies=[requires(Scope.READ)])
async def show_map(run_id: str, resources: Res) -> MapOfRun:
    """The authors of a run that succeeded as points in a plane, without a key, at most 5,000 of them.

    Points of clusters of which nothing is told are left out.
    """
    run = await resources.store.runs.find(run_id)
    content = await resources.store.runs.artifacts.read(run_id, "map")
    if content is None:
        raise NotFoundError(
            f"run {run_id} has no map: it did not succeed, or an earlier version trained it; train anew"
        )
    shown = {cluster.id for cluster in told(run.clusters) if cluster.described}
    points = RunMap.from_bytes(content).told(shown)
    places, clusters = points.places.tolist(), points.clusters.tolist()
    listed = [MapPoint(x=x, y=y, cluster=cluster) for (x, y), cluster in zip(places, clusters, strict=True)]
    return MapOfRun(run_id=run_id, points=listed)


@router.get("/runs/{run_id}/diff/{other_id}", dependencies=[requires(Scope.READ)])
async def compare_runs(run_id: str, other_id: str, resources: Res) -> RunDiff:
    """What became of a run's clusters in another run of its brand and basis: kept, split, merged, new and gone ids."""
    return await resources.ended.diff(run_id, other_id)


async def _authors(resources: Resources, brand: str, most: int) -> int | None:
    """Return how many authors a brand has, up to `most`; None where profiles does not tell: the run will say why."""
    try:
        content, _ = await resources.profiles.features(brand, most, None)
        with pa.ipc.open_stream(content) as stream:
            return int(stream.read_all().num_rows)
    except (PeerError, pa.ArrowInvalid):
        return None
