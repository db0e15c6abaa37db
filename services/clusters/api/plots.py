"""Plots of runs over HTTP, drawn in a worker process."""

import json
from typing import Any, Final

from fastapi import APIRouter, Response

from services.clusters.api.dependencies import Res
from services.clusters.cards.cluster import ClusterCard, told
from services.clusters.plots.picture import alternative_texts, draw
from services.clusters.plots.plotted_run import MEDIA_TYPES, PlotFormat, PlotName, PlottedRun
from services.clusters.resources import Resources
from services.clusters.runs.run import Run, RunKind, RunStatus
from services.clusters.runs.run_map import RunMap
from shared.access import Scope
from shared.analysis import Frozen
from shared.errors import NotFoundError
from shared.web.auth import requires

router = APIRouter(prefix="/v1/runs/{run_id}/plots", tags=["plots"], dependencies=[requires(Scope.READ)])

_PICTURES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}
}
_HEADERS: Final = {
    # A run is immutable; a picture that is opened by itself runs no scripts.
    "cache-control": "private, max-age=86400",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
}


class PlotDescription(Frozen):
    """A plot that a run has, and what it shows in words."""

    name: PlotName
    title: str
    alt: str


class PlotList(Frozen):
    """The plots of a run; each is at `/v1/runs/{run_id}/plots/{name}.svg` and `.png`."""

    items: list[PlotDescription]


@router.get("")
async def list_plots(run_id: str, resources: Res) -> PlotList:
    """The plots that a run has, each described in words."""
    plotted = await _plotted(resources, await _succeeded(resources, run_id))
    found = await resources.worker.run(alternative_texts, plotted)
    items = [PlotDescription(name=PlotName(name), title=title, alt=alt) for name, (title, alt) in found.items()]
    return PlotList(items=items)


@router.get("/{name}.{form}", response_class=Response, responses=_PICTURES)
async def show_plot(run_id: str, name: PlotName, form: PlotFormat, resources: Res) -> Response:
    """One plot as a picture; what it shows in words is in the picture, and in the list of plots."""
    run = await _succeeded(resources, run_id)
    content = await resources.worker.run(draw, await _plotted(resources, run), name, form)
    if content is None:
        raise NotFoundError(f"run {run_id} has no plot {name}: it has not what that shows; GET the list of its plots")
    return Response(
        content,
        media_type=MEDIA_TYPES[form],
        headers=_HEADERS,
    )


async def _succeeded(resources: Resources, run_id: str) -> Run:
    run = await resources.store.runs.find(run_id)
    if run.status is not RunStatus.SUCCEEDED or run.kind is RunKind.TOPICS:
        why = "of topics" if run.kind is RunKind.TOPICS else run.status
        raise NotFoundError(f"run {run_id} has no plots: it is {why}")
    return run


async def _plotted(resources: Resources, run: Run) -> PlottedRun:
    artifacts = resources.store.runs.artifacts
    content, flows = await artifacts.read(run.run_id, "map"), await artifacts.read(run.run_id, "flows")
    points = RunMap.from_bytes(content) if content is not None else None
    return PlottedRun(
        k=run.k or len(run.clusters),
        scores=[score.told() for score in run.scores],
        clusters=list(run.clusters),
        points=None if points is None else points.places.astype("float32"),
        homes=None if points is None else points.clusters,
        flows=None if flows is None else {(a, b): count for a, b, count in json.loads(flows)},
        names_before=await _names(resources, run.before),
    )


async def _names(resources: Resources, run_id: str | None) -> dict[int, str]:
    if run_id is None:
        return {}
    try:
        before = await resources.store.runs.find(run_id)
    except NotFoundError:
        return {}
    return {card.id: card.name for card in told(before.clusters) if isinstance(card, ClusterCard)}
