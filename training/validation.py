"""Figures of the network in training on what is held out; the served folder is measured by `evaluation`."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from training.evaluation.spans import Span, spans_of
from training.lessons import ClassLesson, EntityLesson, Lesson
from training.measures import accuracy, macro_f1, macro_recall
from training.network import ENTITIES, MultiTaskNetwork
from training.sequences import ENTITY_LABELS

_BATCH = 64
_MOST_ROWS = 2000
"""A corpus that holds out more is measured on rows spread evenly over it: enough to steer by."""
_MOST_TEXTS = 256


def validate(network: MultiTaskNetwork, lessons: Mapping[str, Lesson]) -> dict[str, float]:
    """Return each corpus's figures, in [0, 1], named `corpus figure`. Puts the network into evaluation mode."""
    network.eval()
    figures: dict[str, float] = {}
    for corpus, lesson in lessons.items():
        if isinstance(lesson, ClassLesson):
            rows = _spread(lesson)
            found = lesson.present[predict(network, lesson, rows)[:, lesson.present].argmax(1)]
            for measure in (accuracy, macro_recall, macro_f1):
                figures[f"{corpus} {measure.__name__}"] = measure(lesson.classes[rows], found)
        elif isinstance(lesson, EntityLesson):
            figures[f"{corpus} span_f1"] = _span_f1(network, lesson)
        else:
            figures[f"{corpus} loss"] = _loss(network, lesson)
    return {name: round(value, 4) for name, value in figures.items()}


def _spread(lesson: Lesson) -> NDArray[np.int64]:
    count = len(lesson.rows)
    return np.linspace(0, count - 1, min(count, _MOST_ROWS)).round().astype(np.int64)


@torch.inference_mode()
def predict(network: MultiTaskNetwork, lesson: Lesson, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the head's answers to `rows` in fp32, shape (rows, classes)."""
    parts: list[NDArray[np.float32]] = []
    order = np.argsort([len(lesson.rows[row]) for row in rows], kind="stable")
    for start in range(0, len(order), _BATCH):
        chosen = rows[order[start : start + _BATCH]].tolist()
        with torch.autocast(network.device.type, dtype=torch.bfloat16):
            answers = network(*lesson.inputs(network, chosen), (lesson.head,))
        parts.append(answers[lesson.head].float().cpu().numpy())
    logits = np.empty((len(order), parts[0].shape[-1]), dtype=np.float32)
    logits[order] = np.concatenate(parts)
    return logits


@torch.inference_mode()
def _span_f1(network: MultiTaskNetwork, lesson: EntityLesson) -> float:
    """Return F1 over exact spans of the types that the corpus labels, on words whose tag is known."""
    right: set[tuple[int, Span]] = set()
    found: set[tuple[int, Span]] = set()
    for start in range(0, len(lesson.rows), _BATCH):
        chosen = range(start, min(start + _BATCH, len(lesson.rows)))
        with torch.autocast(network.device.type, dtype=torch.bfloat16):
            answers = network(*lesson.inputs(network, chosen), (ENTITIES,))
        numbers = answers[ENTITIES].argmax(-1).cpu().tolist()
        for place, row in enumerate(chosen):
            words = [i for i, tag in enumerate(lesson.tags[row]) if tag >= 0]
            right |= {(row, span) for span in spans_of([ENTITY_LABELS[lesson.tags[row][i]] for i in words])}
            found |= {(row, span) for span in spans_of([ENTITY_LABELS[numbers[place][i]] for i in words])}
    found = {(row, span) for row, span in found if span.type in lesson.types}
    return 2 * len(right & found) / max(1, len(right) + len(found))


@torch.inference_mode()
def _loss(network: MultiTaskNetwork, lesson: Lesson) -> float:
    """Return the mean loss of an embedding or of hidden words, which have no classes to count."""
    rows = _spread(lesson)[:_MOST_TEXTS].tolist()
    losses = [float(lesson.loss(network, rows[i : i + _BATCH])) for i in range(0, len(rows), _BATCH)]
    return float(np.mean(losses))
