"""From tags of pieces to named entities."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.sentiment.labels import OUTSIDE, entity_tags
from services.sentiment.normalisation import normalise_traced
from shared.analysis import Entity, EntityType

_WORD: Final = re.compile(
    r"\b(?:\w\.){2,}(?:\w\b)?"  # U.S., D.C.
    r"|[@#]?\w+(?:(?:[.&/_-]|['\u2019](?!(?:s|t|d|m|re|ve|ll)\b))\w+)*"  # #Boston, Coca-Cola, O'Hare; not Boston's
    r"|\S",
    re.IGNORECASE,
)
"""A word as the tagged corpora of posts have it: 98 % of the words in their entities are one match."""


class Span(NamedTuple):
    """An entity in the normalised text, from code point `start` to `end`."""

    type: EntityType
    start: int
    end: int


class EntityReader:
    """Reads the tags of one model."""

    def __init__(self, labels: Sequence[str]) -> None:
        """Know the head's labels, BIO tags in order; raises SettingsError for others."""
        self._tags = entity_tags(labels)
        self._outside = tuple(labels).index(OUTSIDE)

    def read(self, logits: NDArray[np.float32], offsets: Sequence[tuple[int, int]], text: str) -> tuple[Span, ...]:
        """Return the entities of a normalised text, none overlapping, in their order.

        `logits` have the shape (pieces, labels), a row a piece; `offsets` say which characters of `text`
        each piece covers, none for a special one. A word's first piece decides for the whole word. An
        I- that continues nothing begins an entity.
        """
        best = logits.argmax(axis=-1)
        if (best == self._outside).all():
            return ()
        spans: list[Span] = []
        words = _WORD.finditer(text)
        word = decided = (0, 0)
        continues = False
        for tag, (start, end) in zip(best.tolist(), offsets, strict=True):
            while start < end and word[1] <= start and (match := next(words, None)) is not None:
                word = match.span()
            if word == decided or not word[0] < end or not start < word[1]:
                continue
            decided = word
            found = self._tags[tag]
            if found is None:
                continues = False
                continue
            begins, kind = found
            if continues and not begins and spans[-1].type == kind:
                spans[-1] = spans[-1]._replace(end=word[1])
            else:
                spans.append(Span(kind, *word))
            continues = True
        return tuple(spans)


def entities_of(sent: str, spans: Sequence[Span], normalised: str | None = None) -> list[Entity]:
    """Return the entities of a text as sent; `spans` are those of its normalised form, which may be given.

    Entities that came out of one replaced stretch are one, of the first one's type. CPU work.
    """
    if not spans:
        return []
    traced = normalise_traced(sent, normalised)
    entities: list[Entity] = []
    for span in spans:
        start, end = traced.origin(span.start, span.end)
        if not entities or start >= entities[-1].end:
            entities.append(Entity(text=sent[start:end], type=span.type, start=start, end=end))
    return entities
