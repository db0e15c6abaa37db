"""From the readings of an inquiry's texts to their analyses: only what was asked for is scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.sentiment.entities import entities_of
from services.sentiment.inquiry import Inquiry
from services.sentiment.language import Detection
from services.sentiment.model_card import EMBEDDING, ENTITIES
from services.sentiment.reader import Question
from services.sentiment.reading import Reading
from services.sentiment.scoring import Answer, Scorer, classifications, vectors
from shared.analysis import Analysis, Entity

Readings = Mapping[Question, Reading]
Column = Sequence[Any]
"""One feature's answers, one for each of the inquiry's texts, in order."""


@dataclass(frozen=True)
class Asked:
    """What has to be found out about an inquiry's texts; every list has an item for each, in order.

    `plain` and `aimed` are the questions to the model, without the target and with it, None where nobody
    needs that pass. `embedded` are the questions whose readings hold the embeddings, None where none are
    wanted.
    """

    detections: Sequence[Detection]
    plain: Sequence[Question | None]
    aimed: Sequence[Question | None]
    embedded: Sequence[Question | None]


def analyses_of(
    inquiry: Inquiry,
    asked: Asked,
    readings: Readings,
    encoded: Readings,
    scorer: Scorer,
    check: Callable[[], None] = lambda: None,
) -> list[Analysis]:
    """Return each text's analysis, with the features asked for, None where no model has the feature.

    `readings` are those of `asked.plain` and `asked.aimed`, `encoded` those of `asked.embedded`, which may
    be the same. `check` is called between texts, and may raise to end the work. CPU work.
    """
    columns: dict[str, Column] = _scored(inquiry, asked, readings, scorer)
    if "language" in columns:
        columns["language"] = [detection.language for detection in asked.detections]
    if ENTITIES in columns:
        columns[ENTITIES] = _entities(inquiry.texts, asked.plain, readings, check)
    embedded = [question for question in dict.fromkeys(asked.embedded) if question is not None]
    if embedded:
        columns |= _from_embeddings(inquiry, asked, embedded, embeddings_of(embedded, encoded))
    return [
        Analysis(
            truncated=_truncated(plain, readings) or _truncated(aimed, readings) or _truncated(whole, encoded),
            supported_language=detection.supported,
            **{feature: column[place] for feature, column in columns.items()},
        )
        for place, (detection, plain, aimed, whole) in enumerate(
            zip(asked.detections, asked.plain, asked.aimed, asked.embedded, strict=True)
        )
    ]


def embeddings_of(questions: Sequence[Question], readings: Readings) -> NDArray[np.float32]:
    """Return the embeddings, (questions, dimensions), of at least one question."""
    found = (readings[question].embedding for question in questions)
    return np.stack([embedding for embedding in found if embedding is not None])


def _scored(inquiry: Inquiry, asked: Asked, readings: Readings, scorer: Scorer) -> dict[str, Column]:
    """Return a column for every feature wanted, empty handed where it is no head's that classifies texts."""
    plain = [question for question in dict.fromkeys(asked.plain) if question is not None]
    aimed = [question for question in dict.fromkeys(asked.aimed) if question is not None]
    columns: dict[str, Column] = {}
    for feature, answers in scorer.score(inquiry.wanted, [readings[question] for question in plain]).items():
        told: dict[Question | None, Answer] = dict(zip(plain, answers, strict=True))
        columns[feature] = [told.get(question) for question in asked.plain]
    if aimed:
        answers = scorer.score(["target_sentiment"], [readings[question] for question in aimed])["target_sentiment"]
        told = dict(zip(aimed, answers, strict=True))
        columns["sentiment"] = [
            told.get(pair, alone) for pair, alone in zip(asked.aimed, columns["sentiment"], strict=True)
        ]
    return columns


def _from_embeddings(
    inquiry: Inquiry, asked: Asked, questions: Sequence[Question], embeddings: NDArray[np.float32]
) -> dict[str, Column]:
    """Return the columns that are made of embeddings, (questions, dimensions)."""
    columns: dict[str, Column] = {}
    places = {question: place for place, question in enumerate(questions)}
    order = [places[question] for question in asked.embedded if question is not None]
    if EMBEDDING in inquiry.wanted:
        lists = vectors(embeddings)
        columns[EMBEDDING] = [lists[place] for place in order]
    if inquiry.category_set is not None:
        shares = inquiry.category_set.classify(embeddings)
        answers = classifications(inquiry.category_set.labels, shares)
        columns["category"] = [answers[place] for place in order]
    return columns


def _entities(
    texts: Sequence[str], questions: Sequence[Question | None], readings: Readings, check: Callable[[], None]
) -> list[list[Entity] | None]:
    """Return each text's entities, None where the model has none; a text that stands twice is aligned once."""
    found: dict[str, list[Entity] | None] = {}
    for text, question in zip(texts, questions, strict=True):
        if text not in found:
            check()
            spans = readings[question].entities if question is not None else None
            found[text] = entities_of(text, spans, question.text) if question and spans is not None else None
    return [found[text] for text in texts]


def _truncated(question: Question | None, readings: Readings) -> bool:
    return question is not None and readings[question].truncated
