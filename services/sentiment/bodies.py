"""What the sentiment service takes and answers, as bodies of requests."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from services.sentiment.model_card import ModelCard
from services.sentiment.request import DEFAULT_FEATURES, FEATURES, AnalysisRequest, Feature
from shared.analysis import Analysis, Probability, SentimentLabel

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


class _Request(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SentimentRequest(_Request):
    """One text. `target`, what the text is about, matters only to a model that was trained with targets."""

    text: Text
    target: Target | None = None


class AnalyzeRequest(_Request):
    """Texts, and for each, where given, what it is about and the language that its platform names."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]
    targets: list[Target | None] | None = None
    languages: list[Hint | None] | None = None
    features: Annotated[list[Feature], Field(min_length=1, max_length=len(FEATURES))] = list(DEFAULT_FEATURES)
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
