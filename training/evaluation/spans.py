"""Figures of named entities, exact spans: an entity counts where its first word, last word and type are right."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class WordSpan:
    """An entity over the words `first` to `last`, both included, of one text."""

    type: str
    first: int
    last: int


@dataclass(frozen=True)
class SpanFigures:
    """Shares in [0, 1], 0 where nothing was predicted or expected; `support` counts the expected entities."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class EntityReport:
    """All entities together (micro average, as CoNLL 2003 counts) and those of each type."""

    texts: int
    overall: SpanFigures
    types: dict[str, SpanFigures]


def spans_of(tags: Sequence[str]) -> list[WordSpan]:
    """Return the entities of BIO tags such as `B-person`; an I- after another type or none starts an entity.

    That is how CoNLL's `conlleval` reads them. Tags without a type (`O`, `?`) end an entity.
    """
    spans: list[WordSpan] = []
    for place, tag in enumerate(tags):
        prefix, _, kind = tag.partition("-")
        if not kind:
            continue
        last = spans[-1] if spans else None
        if prefix == "I" and last is not None and last.type == kind and last.last == place - 1:
            spans[-1] = WordSpan(kind, last.first, place)
        else:
            spans.append(WordSpan(kind, place, place))
    return spans


def words_of(words: Sequence[str], entities: Iterable[tuple[str, int, int]]) -> list[WordSpan]:
    """Return entities as spans of words; `entities` are type, start and end in `" ".join(words)`.

    An entity covers every word that it touches: a tokenizer may part what the corpus calls one word.
    An entity that touches none is left out, and so is one whose words an entity before it has.
    """
    starts, end = [], 0
    for word in words:
        starts.append(end)
        end += len(word) + 1
    spans: list[WordSpan] = []
    taken = -1
    for kind, start, stop in sorted(entities, key=lambda entity: entity[1:]):
        touched = [i for i, at in enumerate(starts) if at < stop and start < at + len(words[i])]
        if touched and touched[0] > taken:
            spans.append(WordSpan(kind, touched[0], touched[-1]))
            taken = touched[-1]
    return spans


def entity_report(
    expected: Sequence[Collection[WordSpan]], predicted: Sequence[Collection[WordSpan]], types: Collection[str]
) -> EntityReport:
    """Return the figures over `types`; entities of other types, which the corpus does not label, are ignored."""
    wanted = {(row, span) for row, spans in enumerate(expected) for span in spans if span.type in types}
    found = {(row, span) for row, spans in enumerate(predicted) for span in spans if span.type in types}
    each = {
        kind: _figures(
            {entity for entity in wanted if entity[1].type == kind},
            {entity for entity in found if entity[1].type == kind},
        )
        for kind in sorted(types)
    }
    return EntityReport(len(expected), _figures(wanted, found), each)


def _figures(wanted: set[tuple[int, WordSpan]], found: set[tuple[int, WordSpan]]) -> SpanFigures:
    hits = len(wanted & found)
    return SpanFigures(
        precision=hits / len(found) if found else 0.0,
        recall=hits / len(wanted) if wanted else 0.0,
        f1=2 * hits / (len(wanted) + len(found)) if wanted or found else 0.0,
        support=len(wanted),
    )
