"""What changed in the segments of a brand, over HTTP; computed in a worker process."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.clusters.api.clusters import WantedBasis, current_run
from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.movements.movement import Movements, Period
from services.clusters.movements.segment_movements import KnownTopics, RunSizes, movements_of
from services.clusters.resources import Resources
from services.clusters.runs.run import Run
from services.clusters.runs.topic_steps import MODEL, topics_of
from services.clusters.topics.topic import TopicMethod, subject_of
from shared.access import Scope
from shared.brand import Brand
from shared.errors import InputError, NotFoundError, PeerRefusedError
from shared.profiles_peer import CountedWindows
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/movements", tags=["clusters"], dependencies=[requires(Scope.READ)])

WINDOW = r"^[1-9][0-9]{0,3}[hd]$"
WantedWindow = Annotated[
    str, Query(pattern=WINDOW, description="so many whole hours or days, such as 24h or 7d, 366 days at most")
]
Until = Annotated[
    AwareDatetime | None,
    Query(description="where the window ends; by default the end of the hour of the brand's newest post"),
]


@router.get("")
async def show_movements(
    brand: Brand,
    resources: Res,
    window: WantedWindow = "7d",
    until: Until = None,
    basis: WantedBasis = Basis.BEHAVIOUR,
) -> Movements:
    """Which segments grew, shrank, or changed their mood against the window before and the run before, and why.

    Terms and topics are looked at while posts have their texts; topics, where they were found for the brand.
    """
    run = await current_run(resources, brand, basis)
    windows = await windows_of(resources, brand, window, until)
    earlier = await _run_before(resources, run)
    topics = await _topics(resources, brand)
    async with resources.segments.read(brand, run, windows.begins, windows.ends) as read:
        items, note = await resources.worker.run(
            movements_of,
            read.posts,
            read.members,
            windows,
            RunSizes(run.clusters, run.authors or 0),
            None if earlier is None else RunSizes(earlier.clusters, earlier.authors or 0),
            topics,
        )
    return Movements(
        run_id=run.run_id,
        basis=basis,
        before_run_id=earlier.run_id if earlier is not None else None,
        window=Period(begins=windows.middle, ends=windows.ends),
        before=Period(begins=windows.begins, ends=windows.middle),
        is_sample=read.is_sample,
        note=note,
        items=items,
    )


async def windows_of(resources: Resources, brand: str, window: str, until: datetime | None) -> CountedWindows:
    """Return the window asked for and the one before it, as profiles' analytics take a window.

    Raises InputError, NotFoundError for a brand without posts, PeerError.
    """
    try:
        return await resources.profiles.windows(brand, window, until)
    except PeerRefusedError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise NotFoundError(f"profiles has no posts of {brand}; ingest some first") from None
        if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            sentence = "window must be 366 days at most, and until a time from 1970 to 2999"
            raise InputError(sentence, ("query", "window" if until is None else "until")) from None
        raise


async def _run_before(resources: Resources, run: Run) -> Run | None:
    if run.before is None:
        return None
    try:
        return await resources.store.runs.find(run.before)
    except NotFoundError:
        return None  # it was deleted


async def _topics(resources: Resources, brand: str) -> KnownTopics | None:
    """Return the topics that were found for the brand, those by embeddings first."""
    runs = resources.store.runs
    for method in (TopicMethod.EMBEDDING, TopicMethod.LDA):
        run = await runs.current(brand, subject_of(method, None, None))
        found = None if run is None else await topics_of(runs, run)
        model = None if run is None else await runs.artifacts.read(run.run_id, MODEL)
        if found is not None and model is not None:
            return KnownTopics(model, {topic.id: topic.name for topic in found.items})
    return None
