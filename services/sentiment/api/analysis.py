"""The HTTP routes of the sentiment service."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from services.sentiment.api.dependencies import CLIENT_CLOSED_REQUEST, Held, unless_abandoned
from services.sentiment.bodies import AnalyzeAnswer, AnalyzeRequest, ModelAnswer, SentimentAnswer, SentimentRequest
from services.sentiment.categories.category_set import CategorySet
from services.sentiment.model_card import EMBEDDING
from services.sentiment.request import AnalysisRequest
from services.sentiment.resources import Resources
from shared.access import Scope
from shared.errors import InputError, NotFoundError
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["sentiment"], dependencies=[requires(Scope.ANALYZE)])


@router.post("/sentiment", response_model=SentimentAnswer)
async def read_sentiment(body: SentimentRequest, request: Request, resources: Held) -> Response:
    """Return one text's sentiment."""
    asked = AnalysisRequest.of(body.text, body.target, ["sentiment"])
    analyses = await unless_abandoned(request, resources.analyzer.analyze(asked))
    if analyses is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
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
    asked = body.request()
    if body.category_set is not None:
        asked = replace(asked, category_set=_resolved(resources, body.category_set))
    analyses = await unless_abandoned(request, resources.analyzer.analyze(asked))
    if analyses is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    answer = AnalyzeAnswer.model_construct(model=resources.folder.card.label, results=analyses)
    if EMBEDDING in asked.wanted:
        answer.embedding_version = resources.analyzer.embedding_version
    return Response(answer.model_dump_json(exclude_unset=True), media_type="application/json")


@router.get("/model")
async def describe_model(resources: Held) -> ModelAnswer:
    """Return what the model is, what it can tell and how well, and where it runs."""
    folder, engine = resources.folder, resources.engine
    file = str(folder.graph.relative_to(folder.card.folder))
    encoder = resources.encoder.card if resources.encoder is not None else None
    return ModelAnswer.of(folder.card, file, engine.device, engine.provider, encoder)


def _resolved(resources: Resources, name: str) -> CategorySet:
    """Return the set that a body names; a name that is not there is a wrong field of the body."""
    try:
        return resources.catalog.resolve(name)
    except NotFoundError as error:
        raise InputError(error.detail, ("body", "category_set")) from None
