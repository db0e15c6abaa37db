"""Authors who are in no run are placed in the clusters of the current one."""

import asyncio
from typing import Annotated, Any, Self

import pyarrow as pa
from fastapi import APIRouter, Request
from pydantic import Field, model_validator

from services.clusters.api.dependencies import Res
from services.clusters.bases.author_row import AuthorRow
from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.fits.run_model import UNPLACED, RunModel
from services.clusters.resources import Resources
from shared.access import Scope
from shared.analysis import Frozen
from shared.analyzed_post import Key
from shared.brand import Brand
from shared.errors import InputError, NotFoundError, PeerRefusedError
from shared.strict_body import StrictBody
from shared.web.auth import check_scope, requires

router = APIRouter(prefix="/v1/brands/{brand}/assign", tags=["clusters"])

MOST = 1000
_NOT_FOUND = 404


class AssignBody(StrictBody):
    """Whom to place: authors of the brand by their keys, or rows of figures (an embedding for interests), not both."""

    basis: Basis = Basis.BEHAVIOUR
    author_keys: Annotated[list[Key], Field(min_length=1, max_length=MOST, fail_fast=True)] | None = None
    rows: Annotated[list[AuthorRow], Field(min_length=1, max_length=MOST, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _gives_one_of_both(self) -> Self:
        if (self.author_keys is None) == (self.rows is None):
            raise ValueError("must give author_keys or rows, one of the two")
        return self


class Placement(Frozen):
    """A cluster, and how far from its centroid; both null where the brand has no profile of the author.

    By interests they are null too for an author without an embedding.
    """

    cluster: int | None
    distance: float | None


class Placements(Frozen):
    """One placement for each author or row, in order, by the run that is current."""

    run_id: str
    items: list[Placement]


@router.post("", dependencies=[requires(Scope.READ)])
async def assign_authors(brand: Brand, body: AssignBody, resources: Res, request: Request) -> Placements:
    """Place authors in the clusters of the current run; nothing is kept. Author keys need the scope `evidence` too."""
    if body.rows is None:
        check_scope(request, Scope.EVIDENCE)
    run = await resources.store.runs.current(brand, body.basis)
    model = await resources.models.of(run) if run is not None else None
    if run is None or model is None:
        raise NotFoundError(
            f"{brand} has no clusters by {body.basis} to place authors in; train them with POST /v1/brands/{brand}/runs"
        )
    if body.rows is not None:
        return Placements(run_id=run.run_id, items=await asyncio.to_thread(_of_rows, model, body.rows))
    keys = body.author_keys or []
    content = await _features(resources, brand, keys, model)
    found = await asyncio.to_thread(_of_table, model, content) if content is not None else {}
    nothing = Placement(cluster=None, distance=None)
    return Placements(run_id=run.run_id, items=[found.get(key, nothing) for key in keys])


async def _features(resources: Resources, brand: str, keys: list[str], model: RunModel) -> bytes | None:
    try:
        wanted = model.embedding_version is not None
        return await resources.profiles.named_features(brand, list(dict.fromkeys(keys)), embeddings=wanted)
    except PeerRefusedError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _of_rows(model: RunModel, rows: list[Any]) -> list[Placement]:
    try:
        clusters, distances = model.assign_rows(rows)
    except CannotTrainError as error:
        raise InputError(error.detail, ("body", "rows")) from None
    pairs = zip(clusters.tolist(), distances.tolist(), strict=True)
    return [Placement(cluster=cluster, distance=distance) for cluster, distance in pairs]


def _of_table(model: RunModel, content: bytes) -> dict[str, Placement]:
    with pa.ipc.open_stream(content) as stream:
        table = stream.read_all()
    if not len(table):
        return {}
    clusters, distances = model.assign(table)
    rows = zip(table["author_key"].to_pylist(), clusters.tolist(), distances.tolist(), strict=True)
    return {
        key: Placement(cluster=cluster, distance=distance) for key, cluster, distance in rows if cluster != UNPLACED
    }
