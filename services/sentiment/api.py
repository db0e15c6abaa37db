"""The HTTP routes of the sentiment service."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.sentiment.analyzer import Inquiry
from services.sentiment.bodies import AnalyzeAnswer, AnalyzeRequest, ModelAnswer, SentimentAnswer, SentimentRequest
from services.sentiment.resources import Resources
from shared.access import Scope
from shared.analysis import Analysis
from shared.errors import InputError
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["sentiment"], dependencies=[requires(Scope.ANALYZE)])

_CLIENT_CLOSED_REQUEST = 499


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Held = Annotated[Resources, Depends(_resources)]


@router.post("/sentiment", response_model=SentimentAnswer)
async def read_sentiment(body: SentimentRequest, request: Request, resources: Held) -> Response:
    """Return one text's sentiment."""
    inquiry = Inquiry.of(body.text, body.target, ["sentiment"])
    analyses = await _unless_abandoned(request, resources.analyzer.analyze(inquiry))
    if analyses is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    found = analyses[0].sentiment
    if found is None:
        raise AssertionError("a model without a sentiment head is refused at the start")
    answer = SentimentAnswer(
        label=found.label,
        score=found.score,
        probabilities=found.probabilities,
        model=resources.folder.card.label,
    )
    return Response(answer.model_dump_json(), media_type="application/json")


@router.post("/analyze", response_model=AnalyzeAnswer)
async def analyze(body: AnalyzeRequest, request: Request, resources: Held) -> Response:
    """Return each text's analysis, in order: the features asked for, null where the model has no head for one.

    The answer is written at once: another round of validation and encoding would cost more than it finds.
    """
    if body.category_set is not None:
        raise InputError("there is no category set of this name; leave category_set out", ("body", "category_set"))
    analyses = await _unless_abandoned(request, resources.analyzer.analyze(body.inquiry()))
    if analyses is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    answer = AnalyzeAnswer.model_construct(model=resources.folder.card.label, results=analyses)
    return Response(answer.model_dump_json(exclude_unset=True), media_type="application/json")


@router.get("/model")
async def describe_model(resources: Held) -> ModelAnswer:
    """Return what the model is, what it can tell and how well, and where it runs."""
    folder, engine = resources.folder, resources.engine
    file = str(folder.graph.relative_to(folder.card.folder))
    return ModelAnswer.of(folder.card, file, engine.device, engine.provider)


async def _unless_abandoned(request: Request, work: Coroutine[Any, Any, list[Analysis]]) -> list[Analysis] | None:
    """Return what `work` returns, or None once the client has gone: then `work` is cancelled and leaves the queue."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
