"""Runs over HTTP: submitted, watched, cancelled."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.runs.run import RunRequest, RunStatus, RunSummary
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import InputError
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, text_after
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["clusters"])


class SubmittedRun(Frozen):
    """A run that was taken in, or was there already."""

    run_id: str
    status: RunStatus


@router.post("/brands/{brand}/runs", status_code=202, dependencies=[requires(Scope.WRITE)])
async def submit_run(brand: Brand, resources: Res, request: RunRequest | None = None) -> SubmittedRun:
    """Queue a training, or return the active one of this brand and basis with the same parameters (409 for others).

    The brand need not be known: a run about a brand without posts fails with a sentence.
    """
    request = request or RunRequest()
    if "weight" in request.model_fields_set and request.basis is not Basis.COMBINED:
        raise InputError(f"weight is of the basis combined; leave it out for {request.basis}", ("body", "weight"))
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
