"""The HTTP routes of category sets."""

import asyncio
from bisect import bisect_right
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from services.sentiment.api.dependencies import CLIENT_CLOSED_REQUEST, Held, unless_abandoned
from services.sentiment.bodies import SetName
from services.sentiment.categories.bodies import (
    CategorySetAnswer,
    CategorySetPage,
    CategorySetRequest,
    ExampleAnswer,
    MadeAnswer,
)
from services.sentiment.categories.examples import unpack
from services.sentiment.categories.training_queue import TrainingRequest
from shared.access import Scope
from shared.errors import InputError
from shared.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from shared.web.auth import requires

router = APIRouter(prefix="/v1/categories", tags=["categories"])

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"items a page, {DEFAULT_LIMIT} by default")]
Cursor = Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before")]


@router.put("/{name}", response_model=MadeAnswer, dependencies=[requires(Scope.WRITE)])
async def make_set(name: SetName, body: CategorySetRequest, request: Request, held: Held) -> Response:
    """Learn a set from labelled examples and serve it under this name, as its next version, in place of the last.

    Texts are kept cleaned. A set that was made is seen by the other replicas within seconds.
    """
    wanted = TrainingRequest(name, body.given(), body.notes)
    made = await unless_abandoned(request, held.trainer.make(wanted))
    if made is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    described = CategorySetAnswer.of(made.category_set).model_dump()
    return JSONResponse(MadeAnswer(**described, seconds=round(made.seconds, 3)).model_dump(mode="json"))


@router.get("", dependencies=[requires(Scope.READ)])
async def list_sets(held: Held, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[CategorySetAnswer]:
    """The sets that this replica serves, by name, those that come with the model included."""
    catalog = held.catalog
    sets = catalog.sets()
    first = 0
    if cursor is not None:
        first = bisect_right([found.name for found in sets], str(decode_cursor(cursor, str)[0]))
    page = sets[first : first + limit]
    more = encode_cursor([page[-1].name]) if len(sets) > first + limit else None
    items = [CategorySetAnswer.of(found, built_in=catalog.is_built_in(found.name)) for found in page]
    return Page[CategorySetAnswer](items=items, next_cursor=more)


@router.get("/{name}", dependencies=[requires(Scope.READ)])
async def show_set(name: SetName, held: Held, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> CategorySetPage:
    """One set with a page of the examples that it was made of, cleaned; a set that comes with the model shows none."""
    catalog = held.catalog
    if catalog.is_built_in(name):
        return CategorySetPage(**CategorySetAnswer.of(catalog.find(name), built_in=True).model_dump())
    found, packed = await catalog.with_examples(name)
    first = _first(cursor, found.version)
    examples = await asyncio.to_thread(unpack, packed)
    page = [ExampleAnswer(text=example.text, label=example.label) for example in examples[first : first + limit]]
    more = encode_cursor([found.version, first + limit]) if len(examples) > first + limit else None
    return CategorySetPage(**CategorySetAnswer.of(found).model_dump(), examples=page, next_cursor=more)


@router.delete("/{name}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_set(name: SetName, held: Held) -> None:
    """Remove a set and its examples for good; if its name is put again, its versions go on where they were."""
    await held.catalog.delete(name)


def _first(cursor: str | None, version: int) -> int:
    """Return where the page begins; raises InputError where the set has changed since the page before."""
    if cursor is None:
        return 0
    of_version, first = decode_cursor(cursor, int, int)
    if of_version != version:
        raise InputError(
            f"the set has changed to version {version} since that page; leave cursor out to start over",
            ("query", "cursor"),
        )
    return max(0, int(first or 0))
