"""What a model gave for one text, kept until a part of it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sentiment.entity_reader import EntityReader, Span
from services.sentiment.model_card import EMBEDDING, ENTITIES, ModelCard
from services.sentiment.tokenizer import Tokens

Row = dict[str, NDArray[np.float32]]
"""What one text got, by name: a head's logits, (classes,); `entities`, (length, labels); `embedding`, (dimensions,).

The length is that of the batch's longest text.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutput:
    """One pass over a text: what came out of it, not yet scored, in as little room as it takes.

    `logits` are those of all classes, (classes,), head after head as `class_places` says; `embedding` and
    `entities`, places in the normalised text, are None where the model has none.
    """

    logits: NDArray[np.float32]
    truncated: bool
    embedding: NDArray[np.float32] | None = None
    entities: tuple[Span, ...] | None = None


def class_places(card: ModelCard) -> dict[str, slice]:
    """Return which of an output's logits are those of each head that classifies texts."""
    places, start = {}, 0
    for name, head in card.heads.items():
        if name != ENTITIES:
            places[name] = slice(start, start + len(head.labels))
            start += len(head.labels)
    return places


class OutputBuilder:
    """Makes outputs of what one model's pass gave."""

    def __init__(self, card: ModelCard) -> None:
        """Prepare for the card's heads; raises SettingsError for labels of entities that are not known."""
        self._heads = list(class_places(card))
        self._entities = EntityReader(card.heads[ENTITIES].labels) if ENTITIES in card.heads else None

    def build(
        self, texts: Sequence[str], tokens: Sequence[Tokens], rows: Sequence[Row], aimed: Sequence[bool] = ()
    ) -> list[ModelOutput]:
        """Return an output for each normalised text, its tokens and its row. CPU work.

        `aimed` tells which were read with a target, none where it is empty: of those the class logits alone are
        kept, since embedding and entities are asked of the text alone.
        An output holds copies: a view would keep the whole batch in memory as long as the cache keeps it.
        """
        pairs = aimed or [False] * len(rows)
        return [
            ModelOutput(self._packed(row), one.truncated)
            if pair
            else ModelOutput(self._packed(row), one.truncated, _copy(row), self._spans(text, one, row))
            for text, one, row, pair in zip(texts, tokens, rows, pairs, strict=True)
        ]

    def _packed(self, row: Row) -> NDArray[np.float32]:
        parts = [row[head] for head in self._heads]
        return np.concatenate(parts).astype(np.float32, copy=False) if parts else np.empty(0, np.float32)

    def _spans(self, text: str, tokens: Tokens, row: Row) -> tuple[Span, ...] | None:
        if self._entities is None:
            return None
        return self._entities.read(row[ENTITIES][: len(tokens)], tokens.offsets, text)


def _copy(row: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32] | None:
    return row[EMBEDDING].copy() if EMBEDDING in row else None
