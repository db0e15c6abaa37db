"""From the model outputs of a request's texts to their analyses: only what was asked for is scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.sentiment.entity_reader import entities_of
from services.sentiment.language import Detection
from services.sentiment.model_card import EMBEDDING, ENTITIES
from services.sentiment.model_output import ModelOutput
from services.sentiment.reader import ModelInput
from services.sentiment.request import AnalysisRequest
from services.sentiment.scoring import Answer, Scorer, classification, vectors
from shared.analysis import Analysis, Entity

ModelOutputs = Mapping[ModelInput, ModelOutput]
Column = Sequence[Any]
"""One feature's answers, one for each of the request's texts, in order."""


@dataclass(frozen=True)
class RequestInputs:
    """What has to be found out about a request's texts; every list has an item for each, in order.

    `plain` and `aimed` are the model's inputs, without the target and with it, None where that pass is not
    needed. `embedded` are the inputs whose outputs hold the embeddings, None where none are wanted.
    """

    detections: Sequence[Detection]
    plain: Sequence[ModelInput | None]
    aimed: Sequence[ModelInput | None]
    embedded: Sequence[ModelInput | None]


def analyses_of(
    request: AnalysisRequest,
    inputs: RequestInputs,
    outputs: ModelOutputs,
    encoded: ModelOutputs,
    scorer: Scorer,
) -> list[Analysis]:
    """Return each text's analysis, with the features asked for, None where no model has the feature.

    `outputs` are those of `inputs.plain` and `inputs.aimed`, `encoded` those of `inputs.embedded`, which may
    be the same. CPU work.
    """
    columns: dict[str, Column] = _scored(request, inputs, outputs, scorer)
    if "language" in columns:
        columns["language"] = [detection.language for detection in inputs.detections]
    if ENTITIES in columns:
        columns[ENTITIES] = _entities(request.texts, inputs.plain, outputs)
    embedded = [each for each in dict.fromkeys(inputs.embedded) if each is not None]
    if embedded:
        columns |= _from_embeddings(request, inputs, embedded, embeddings_of(embedded, encoded))
    return [
        Analysis(
            truncated=_truncated(plain, outputs) or _truncated(aimed, outputs) or _truncated(whole, encoded),
            supported_language=detection.supported,
            **{feature: column[place] for feature, column in columns.items()},
        )
        for place, (detection, plain, aimed, whole) in enumerate(
            zip(inputs.detections, inputs.plain, inputs.aimed, inputs.embedded, strict=True)
        )
    ]


def embeddings_of(texts: Sequence[ModelInput], outputs: ModelOutputs) -> NDArray[np.float32]:
    """Return the embeddings, (inputs, dimensions), of at least one input."""
    found = (outputs[text].embedding for text in texts)
    return np.stack([embedding for embedding in found if embedding is not None])


def _scored(
    request: AnalysisRequest, inputs: RequestInputs, outputs: ModelOutputs, scorer: Scorer
) -> dict[str, Column]:
    """Return a column for every feature wanted, of None where no head that classifies texts has it."""
    plain = [each for each in dict.fromkeys(inputs.plain) if each is not None]
    aimed = [each for each in dict.fromkeys(inputs.aimed) if each is not None]
    columns: dict[str, Column] = {}
    for feature, answers in scorer.score(request.wanted, [outputs[each] for each in plain]).items():
        told: dict[ModelInput | None, Answer] = dict(zip(plain, answers, strict=True))
        columns[feature] = [told.get(each) for each in inputs.plain]
    if aimed:
        answers = scorer.score(["target_sentiment"], [outputs[each] for each in aimed])["target_sentiment"]
        told = dict(zip(aimed, answers, strict=True))
        columns["sentiment"] = [
            told.get(pair, alone) for pair, alone in zip(inputs.aimed, columns["sentiment"], strict=True)
        ]
    return columns


def _from_embeddings(
    request: AnalysisRequest, inputs: RequestInputs, embedded: Sequence[ModelInput], embeddings: NDArray[np.float32]
) -> dict[str, Column]:
    """Return the columns that are made of embeddings, (inputs, dimensions)."""
    columns: dict[str, Column] = {}
    places = {each: place for place, each in enumerate(embedded)}
    order = [places[each] for each in inputs.embedded if each is not None]
    if EMBEDDING in request.wanted:
        lists = vectors(embeddings)
        columns[EMBEDDING] = [lists[place] for place in order]
    if request.category_set is not None:
        shares = request.category_set.classify(embeddings)
        answers = [classification(request.category_set.labels, each) for each in shares.tolist()]
        columns["category"] = [answers[place] for place in order]
    return columns


def _entities(
    texts: Sequence[str], plain: Sequence[ModelInput | None], outputs: ModelOutputs
) -> list[list[Entity] | None]:
    """Return each text's entities, None where the model has none; a text that stands twice is aligned once."""
    found: dict[str, list[Entity] | None] = {}
    for text, each in zip(texts, plain, strict=True):
        if text not in found:
            spans = outputs[each].entities if each is not None else None
            found[text] = entities_of(text, spans, each.text) if each and spans is not None else None
    return [found[text] for text in texts]


def _truncated(text: ModelInput | None, outputs: ModelOutputs) -> bool:
    return text is not None and outputs[text].truncated
