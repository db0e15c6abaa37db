"""Category sets over HTTP."""

import asyncio
from bisect import bisect_right
from typing import Annotated, Self

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.sentiment.api.analysis import SetName, Text
from services.sentiment.api.dependencies import Res, charge, unless_abandoned
from services.sentiment.categories.category_set import MAX_LABEL_CHARACTERS, MAX_NOTES_CHARACTERS, CategorySet
from services.sentiment.categories.examples import MAX_EXAMPLES, Example, unpack
from services.sentiment.categories.training_queue import TrainingRequest
from services.sentiment.request import AnalysisRequest
from shared.access import Scope
from shared.analysis import Probability
from shared.errors import InputError
from shared.pages import DEFAULT_LIMIT, Page, decode_cursor, text_after
from shared.strict_body import StrictBody
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit
from shared.web.requests import CLIENT_CLOSED_REQUEST

router = APIRouter(prefix="/v1/categories", tags=["categories"])


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "must not hold a NUL character")
    return text


LabelName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LABEL_CHARACTERS),
    AfterValidator(_without_nul),
]


class ExampleBody(StrictBody):
    """A text and what it is an example of; blanks around a label do not count."""

    text: Text
    label: LabelName


class CategorySetRequest(StrictBody):
    """At least 8 different texts of each of 2 to 64 labels. `notes` is for people."""

    examples: Annotated[list[ExampleBody], Field(min_length=1, max_length=MAX_EXAMPLES, fail_fast=True)]
    notes: Annotated[str, StringConstraints(max_length=MAX_NOTES_CHARACTERS), AfterValidator(_without_nul)] = ""

    def given(self) -> list[Example]:
        """Return the examples as they were sent."""
        return [Example(example.text, example.label) for example in self.examples]


class LabelAnswer(BaseModel):
    """A label with its different examples and its F1 out of fold."""

    label: str
    count: int
    f1: Probability


class CategorySetAnswer(BaseModel):
    """A set as it is served. `macro_f1` is cross-validated over `folds` parts of the examples."""

    name: str
    version: int
    labels: list[LabelAnswer]
    macro_f1: Probability
    folds: int
    embedding_version: str
    created_at: AwareDatetime
    notes: str
    built_in: bool

    @classmethod
    def of(cls, found: CategorySet, *, built_in: bool = False) -> Self:
        """Describe a set."""
        described = zip(found.labels, found.counts, found.label_f1, strict=True)
        return cls(
            name=found.name,
            version=found.version,
            labels=[LabelAnswer(label=label, count=count, f1=f1) for label, count, f1 in described],
            macro_f1=found.macro_f1,
            folds=found.folds,
            embedding_version=found.embedding_version,
            created_at=found.created_at,
            notes=found.notes,
            built_in=built_in,
        )


class TrainedSetAnswer(CategorySetAnswer):
    """A set that was just made, and the seconds that it took."""

    seconds: float = 0.0


class ExampleAnswer(BaseModel):
    """An example as it is kept: cleaned."""

    text: str
    label: str


class CategorySetPage(CategorySetAnswer):
    """A set with a page of its examples; a built-in set has none. `next_cursor` is None on the last page."""

    examples: list[ExampleAnswer] = []
    next_cursor: str | None = None


@router.put("/{name}", response_model=TrainedSetAnswer, dependencies=[requires(Scope.WRITE)])
async def make_set(name: SetName, body: CategorySetRequest, request: Request, resources: Res) -> Response:
    """Learn a set from labelled examples and serve it under this name, as its next version, in place of the last.

    Texts are kept cleaned. A set that was made is seen by the other replicas within seconds.
    """
    wanted = TrainingRequest(name, body.given(), body.notes)
    charge(request, resources, AnalysisRequest.of_embeddings([example.text for example in body.examples]))
    made = await unless_abandoned(request, resources.trainer.make(wanted))
    if made is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    described = CategorySetAnswer.of(made.category_set).model_dump()
    return JSONResponse(TrainedSetAnswer(**described, seconds=round(made.seconds, 3)).model_dump(mode="json"))


@router.get("", dependencies=[requires(Scope.READ)])
async def list_sets(resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[CategorySetAnswer]:
    """The sets that this replica serves, by name, those that come with the model included."""
    catalog = resources.catalog
    sets = catalog.sets()
    first = bisect_right([found.name for found in sets], text_after(cursor))
    page = Page.of(sets[first : first + limit + 1], limit, lambda found: [found.name])
    return page.showing([CategorySetAnswer.of(one, built_in=catalog.is_built_in(one.name)) for one in page.items])


@router.get("/{name}", dependencies=[requires(Scope.READ)])
async def show_set(
    name: SetName, resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> CategorySetPage:
    """One set with a page of the examples that it was made of, cleaned; a set that comes with the model shows none."""
    catalog = resources.catalog
    if catalog.is_built_in(name):
        return CategorySetPage(**CategorySetAnswer.of(catalog.find(name), built_in=True).model_dump())
    found, packed = await catalog.with_examples(name)
    first = _first(cursor, found.version)
    examples = await asyncio.to_thread(unpack, packed)
    page = Page.of(examples[first : first + limit + 1], limit, lambda _: [found.version, first + limit])
    shown = [ExampleAnswer(text=example.text, label=example.label) for example in page.items]
    described = CategorySetAnswer.of(found).model_dump()
    return CategorySetPage(**described, examples=shown, next_cursor=page.next_cursor)


@router.delete("/{name}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_set(name: SetName, resources: Res) -> None:
    """Remove a set and its examples for good; if its name is put again, its versions go on where they were."""
    await resources.catalog.delete(name)


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
