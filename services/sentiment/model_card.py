"""What a model folder's `config.json` says of the model, in types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, Field, ValidationError

from services.sentiment.labels import entity_tags, sentiment_classes
from shared.errors import SettingsError

BINARY_HEADS: Final = frozenset({"subjectivity", "offensive", "irony", "hate"})
CLASS_HEADS: Final = frozenset({"emotion", "category"})
SENTIMENT_HEADS: Final = frozenset({"sentiment", "target_sentiment"})
ENTITIES: Final = "entities"
EMBEDDING: Final = "embedding"
KNOWN_HEADS: Final = BINARY_HEADS | CLASS_HEADS | SENTIMENT_HEADS | {ENTITIES}

Parsed = TypeVar("Parsed", bound=BaseModel)

_MAX_TOKENS: Final = 512
_POSITIONS_BEFORE_TEXT: Final = 2
"""RoBERTa numbers positions from its padding id + 1 on: two fewer are left for a text."""


@dataclass(frozen=True)
class Head:
    """One classifier of the model: the ONNX output with its logits, its labels in order, its temperature.

    `target_sentiment` reads a text together with what it is about; `entities` classifies each token.
    """

    output: str
    labels: tuple[str, ...]
    temperature: float = 1.0


@dataclass(frozen=True)
class Embedding:
    """The ONNX output that holds a text's vector; vectors of different versions are never mixed.

    Without `output` the graph's first known one is taken. `pooling` makes one vector of those of a text's
    tokens, where the output has them; `prefix` goes before each text.
    """

    output: str | None
    version: str
    pooling: str = "mean"
    prefix: str = ""


@dataclass(frozen=True)
class ModelCard:
    """A model as it is served.

    `languages` empty: not known what it was trained on, so none is unsupported. `case_types`: token types
    tell how a token is written. `setting` is the variable that names the model, for errors.
    """

    name: str
    version: str | None
    folder: Path
    precision: str
    max_length: int
    heads: Mapping[str, Head]
    languages: tuple[str, ...] = ()
    licence: str | None = None
    embedding: Embedding | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    pad_id: int = 0
    case_types: bool = False
    setting: str = "SENTIMENT_MODEL"

    @property
    def reads_targets(self) -> bool:
        """Whether the model was trained to tell what is meant of a target."""
        return "target_sentiment" in self.heads

    @property
    def label(self) -> str:
        """Name and version in one word, as answers carry it."""
        return f"{self.name}@{self.version}" if self.version else self.name


class _HeadConfig(BaseModel):
    output: Annotated[str, Field(min_length=1)]
    labels: Annotated[list[str], Field(min_length=2)]
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class _EmbeddingConfig(BaseModel):
    output: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]


class _VoxpopConfig(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    version: str | None = None
    precision: str = "unknown"
    languages: list[str] = []
    max_length: Annotated[int, Field(ge=8, le=8192)] = 256
    licence: str | None = None
    heads: dict[str, _HeadConfig]
    embedding: _EmbeddingConfig | None = None
    evaluation: dict[str, Any] = {}
    case_types: bool = False


class _HubConfig(BaseModel):
    id2label: dict[int, str] = {}
    model_type: str = ""
    max_position_embeddings: Annotated[int, Field(ge=8)] = _MAX_TOKENS
    pad_token_id: int | None = None
    dtype: str | None = None
    torch_dtype: str | None = None
    voxpop: _VoxpopConfig | None = None


def read_card(config: object, folder: Path, name: str) -> ModelCard:
    """Return the card of a parsed `config.json`; `name` is what a model without a name of its own is called.

    Raises SettingsError, naming the key, where the file does not describe a model that can be served.
    """
    parsed = parse_config(_HubConfig, config, folder, "SENTIMENT_MODEL")
    card = _drop_in(parsed, folder, name) if parsed.voxpop is None else _own(parsed, parsed.voxpop, folder)
    _check_heads(card)
    return card


def parse_config(schema: type[Parsed], config: object, folder: Path, setting: str) -> Parsed:
    """Return a `config.json` by its schema; raises SettingsError, naming `setting` and the first key that is wrong."""
    try:
        return schema.model_validate(config)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingsError(f"{setting}: config.json in {folder}: {key}: {first['msg']}") from None


def _own(config: _HubConfig, own: _VoxpopConfig, folder: Path) -> ModelCard:
    heads = {
        name: Head(head.output, tuple(head.labels), head.temperature)
        for name, head in own.heads.items()
        if name in KNOWN_HEADS
    }
    return ModelCard(
        name=own.name,
        version=own.version,
        folder=folder,
        precision=own.precision,
        max_length=own.max_length,
        heads=heads,
        languages=tuple(own.languages),
        licence=own.licence,
        embedding=Embedding(own.embedding.output, own.embedding.version) if own.embedding else None,
        evaluation=own.evaluation,
        pad_id=config.pad_token_id or 0,
        case_types=own.case_types,
    )


def _drop_in(config: _HubConfig, folder: Path, name: str) -> ModelCard:
    """Read an exported sequence classifier: one output `logits`, its labels in `id2label`."""
    labels = tuple(label for _, label in sorted(config.id2label.items()))
    return ModelCard(
        name=name,
        version=None,
        folder=folder,
        precision=config.dtype or config.torch_dtype or "unknown",
        max_length=longest_text(config.max_position_embeddings, config.model_type),
        heads={"sentiment": Head("logits", labels)},
        pad_id=config.pad_token_id or 0,
    )


def longest_text(positions: int, model_type: str) -> int:
    """Return how many tokens a hub model of `positions` positions reads, special ones counted: 512 at most."""
    if "roberta" in model_type or model_type == "camembert":
        positions -= _POSITIONS_BEFORE_TEXT
    return min(positions, _MAX_TOKENS)


def _check_heads(card: ModelCard) -> None:
    if "sentiment" not in card.heads:
        raise SettingsError(f"SENTIMENT_MODEL: config.json in {card.folder} names no head 'sentiment'")
    for name in SENTIMENT_HEADS & card.heads.keys():
        sentiment_classes(card.heads[name].labels, name)
    if ENTITIES in card.heads:
        entity_tags(card.heads[ENTITIES].labels)
    for name in BINARY_HEADS & card.heads.keys():
        labels = card.heads[name].labels
        if len(labels) != 2:  # noqa: PLR2004 - a binary head: absent, present
            raise SettingsError(
                f"SENTIMENT_MODEL: the head '{name}' has the labels {', '.join(labels)}; needed are two, absent first"
            )
