"""Analyses and the model over HTTP."""

from dataclasses import replace
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.sentiment.api.dependencies import Res, caller_of, charge, unless_abandoned
from services.sentiment.categories.category_set import CategorySet
from services.sentiment.model_card import EMBEDDING, ModelCard
from services.sentiment.request import DEFAULT_FEATURES, FEATURES, AnalysisRequest, Feature
from services.sentiment.resources import Resources
from shared.access import Scope
from shared.analysis import Analysis, Probability, SentimentLabel
from shared.errors import InputError, NotFoundError
from shared.strict_body import StrictBody
from shared.web.auth import opens, requires
from shared.web.requests import CLIENT_CLOSED_REQUEST

router = APIRouter(prefix="/v1", tags=["sentiment"], dependencies=[requires(Scope.ANALYZE)])

MAX_TEXTS: Final = 512
MAX_CHARACTERS: Final = 10_000
MAX_TARGET_CHARACTERS: Final = 200


def _readable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "must not hold a NUL character")
    if not text.strip():
        raise PydanticCustomError("blank_text", "must not be blank")
    return text


Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS), AfterValidator(_readable)]
Target = Annotated[str, Field(min_length=1, max_length=MAX_TARGET_CHARACTERS), AfterValidator(_readable)]
SetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""A category set's name, a slug: lower-case letters, digits and hyphens, 1 to 63 characters, no hyphen first."""

Hint = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,4}$")]


class SentimentRequest(StrictBody):
    """One text. `target`, what the text is about, matters only to a model that was trained with targets."""

    text: Text
    target: Target | None = None


class AnalyzeRequest(StrictBody):
    """Texts, and for each, where given, what it is about and the language that its platform names."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS, fail_fast=True)]
    targets: Annotated[list[Target | None], Field(max_length=MAX_TEXTS, fail_fast=True)] | None = None
    languages: Annotated[list[Hint | None], Field(max_length=MAX_TEXTS, fail_fast=True)] | None = None
    features: Annotated[list[Feature], Field(min_length=1, max_length=len(FEATURES), fail_fast=True)] = Field(
        default_factory=lambda: list(DEFAULT_FEATURES)
    )
    category_set: SetName | None = None

    @field_validator("targets", "languages")
    @classmethod
    def _one_each(cls, values: list[str | None] | None, info: ValidationInfo) -> list[str | None] | None:
        texts = info.data.get("texts")
        if values is not None and texts is not None and len(values) != len(texts):
            raise PydanticCustomError("length_differs", "must have as many items as texts, null where a text has none")
        return values

    def request(self) -> AnalysisRequest:
        """Return what is asked, without the category set, which the body only names."""
        nothing: list[str | None] = [None] * len(self.texts)
        return AnalysisRequest(self.texts, self.targets or nothing, self.languages or nothing, self.features)


class SentimentAnswer(BaseModel):
    """`score` = P(positive) + P(neutral)/2."""

    label: SentimentLabel
    score: Probability
    probabilities: dict[SentimentLabel, Probability]
    model: str


class AnalyzeAnswer(BaseModel):
    """A result a text, in order; features that were not asked for are absent.

    `embedding_version` names the model that made the embeddings; it is there where they were asked for, null where
    no model gives any.
    """

    model: str
    embedding_version: str | None = None
    results: list[Analysis]


class HeadAnswer(BaseModel):
    """One classifier of the model."""

    labels: list[str]


class ModelAnswer(BaseModel):
    """The model that is served. `languages`: what it was trained on, empty where that is not known.

    `folder` is a path of the server for a key with the scope `admin`, for any other the folder's name alone.

    `embedding_model` is what gives the embeddings, of `embedding_version`; both are null without.
    """

    name: str
    version: str | None
    folder: str
    file: str
    precision: str
    device: str
    provider: str
    heads: dict[str, HeadAnswer]
    languages: list[str]
    max_length: int
    embedding_model: str | None
    embedding_version: str | None
    licence: str | None
    evaluation: dict[str, Any]

    @classmethod
    def of(cls, card: ModelCard, file: str, device: str, provider: str, encoder: ModelCard | None = None) -> Self:
        """Describe a model on its device, and the `encoder` that gives the embeddings in its place."""
        embedding = encoder or card
        return cls(
            name=card.name,
            version=card.version,
            folder=str(card.folder),
            file=file,
            precision=card.precision,
            device=device,
            provider=provider,
            heads={name: HeadAnswer(labels=list(head.labels)) for name, head in card.heads.items()},
            languages=list(card.languages),
            max_length=card.max_length,
            embedding_model=embedding.name if embedding.embedding else None,
            embedding_version=embedding.embedding.version if embedding.embedding else None,
            licence=card.licence,
            evaluation=dict(card.evaluation),
        )


@router.post("/sentiment", response_model=SentimentAnswer)
async def read_sentiment(body: SentimentRequest, request: Request, resources: Res) -> Response:
    """Return one text's sentiment."""
    asked = AnalysisRequest.of_sentiment(body.text, body.target)
    charge(request, resources, asked)
    analyses = await unless_abandoned(request, resources.analyzer.analyze(asked, caller_of(request)))
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
async def analyze(body: AnalyzeRequest, request: Request, resources: Res) -> Response:
    """Return each text's analysis, in order: the features asked for, null where the model has no head for one.

    The answer is written at once: another round of validation and encoding would cost more than it finds.
    """
    asked = body.request()
    if body.category_set is not None:
        asked = replace(asked, category_set=_resolved(resources, body.category_set))
    charge(request, resources, asked)
    analyses = await unless_abandoned(request, resources.analyzer.analyze(asked, caller_of(request)))
    if analyses is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    answer = AnalyzeAnswer.model_construct(model=resources.folder.card.label, results=analyses)
    if EMBEDDING in asked.wanted:
        answer.embedding_version = resources.analyzer.embedding_version
    return Response(answer.model_dump_json(exclude_unset=True), media_type="application/json")


@router.get("/model")
async def describe_model(resources: Res, request: Request) -> ModelAnswer:
    """Return what the model is, what it can tell and how well, and where it runs."""
    folder, engine = resources.folder, resources.engine
    file = str(folder.graph.relative_to(folder.card.folder))
    encoder = resources.encoder.card if resources.encoder is not None else None
    answer = ModelAnswer.of(folder.card, file, engine.device, engine.provider, encoder)
    if not opens(request, Scope.ADMIN):
        answer.folder = folder.card.folder.name
    return answer


def _resolved(resources: Resources, name: str) -> CategorySet:
    """Return the set that a body names; a name that is not there is a wrong field of the body."""
    try:
        return resources.catalog.resolve(name)
    except NotFoundError as error:
        raise InputError(error.detail, ("body", "category_set")) from None
