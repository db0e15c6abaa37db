"""What a model says of a text, as it travels between services."""

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SentimentLabel = Literal["negative", "neutral", "positive"]
SENTIMENT_LABELS: Final[tuple[SentimentLabel, ...]] = get_args(SentimentLabel)
EntityType = Literal["person", "location", "organisation", "product", "work"]
ENTITY_TYPES: Final[tuple[EntityType, ...]] = get_args(EntityType)
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MAX_ENTITIES: Final = 500
"""Of one text."""
MAX_LABELS: Final = 1000
"""Of one head."""
Embedding = Annotated[
    list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=1, max_length=4096, fail_fast=True)
]
"""What a text is about, as numbers of one model's making; the model's version says which."""


class Frozen(BaseModel):
    """Base of the nouns: immutable, unknown fields ignored so that a newer peer may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Sentiment(Frozen):
    """`score` in [0, 1]: P(positive) + P(neutral)/2; probabilities sum to 1."""

    label: SentimentLabel
    score: Probability
    probabilities: Annotated[dict[SentimentLabel, Probability], Field(fail_fast=True)]


def _encodable(label: str) -> str:
    """Refuse lone surrogates, which no store can keep."""
    if any("\ud800" <= character <= "\udfff" for character in label):
        raise ValueError("must be text that UTF-8 can encode")
    return label


Label = Annotated[str, Field(max_length=200), AfterValidator(_encodable)]


class Classification(Frozen):
    """The answer of a head with labels of its own: query category, emotion."""

    label: Label
    score: Probability
    probabilities: Annotated[dict[Label, Probability], Field(max_length=MAX_LABELS, fail_fast=True)]


class Language(Frozen):
    """An ISO 639-1 code (639-3 where there is none; `und` where nothing could be told) with a confidence in [0, 1]."""

    code: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    confidence: Probability


class Entity(Frozen):
    """A named entity; `start` and `end` count Unicode code points of the text as sent."""

    text: Annotated[str, Field(max_length=1000)]
    type: EntityType
    start: Annotated[int, Field(ge=0, le=10**6)]
    end: Annotated[int, Field(ge=0, le=10**6)]


class Analysis(Frozen):
    """One text's analysis.

    Only features that were asked for are present; a feature whose head the model lacks is None.
    `truncated` tells that the model read only the beginning; `supported_language` is False where the
    model was not trained on the text's language, and then no mean should count its sentiment.
    """

    sentiment: Sentiment | None = None
    subjectivity: Probability | None = None
    language: Language | None = None
    entities: Annotated[list[Entity], Field(max_length=MAX_ENTITIES, fail_fast=True)] | None = None
    category: Classification | None = None
    emotion: Classification | None = None
    offensive: Probability | None = None
    irony: Probability | None = None
    hate: Probability | None = None
    embedding: Embedding | None = None
    truncated: bool = False
    supported_language: bool = True
