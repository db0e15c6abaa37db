"""Figures by which a classifier is judged; `targets` and `predicted` are class indices of shape (texts,)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 15
"""How many bins of equal width the calibration error is taken over, as in Guo et al. (ICML 2017)."""

Classes = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class ClassFigures:
    """One class: shares in [0, 1], 0 where nothing was predicted or expected; `support` counts its texts."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Bin:
    """The texts whose confidence lies in (`low`, `high`]: their number, their mean confidence and accuracy."""

    low: float
    high: float
    texts: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Whether what is said with 80 % confidence is right in 80 % of cases; `error` in [0, 1] is the ECE."""

    error: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class ClassReport:
    """Every figure of one classifier on one corpus, shares in [0, 1].

    `confusion[i][j]` counts texts of class i that were called j, in the order of `classes`.
    """

    texts: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration | None = None


def accuracy(targets: Classes, predicted: Classes) -> float:
    """Return the share of texts whose class is right."""
    return float((targets == predicted).mean())


def macro_recall(targets: Classes, predicted: Classes) -> float:
    """Return the mean recall over the classes that occur: TweetEval's measure for sentiment."""
    return float(np.mean([(predicted[targets == c] == c).mean() for c in np.unique(targets)]))


def macro_f1(targets: Classes, predicted: Classes) -> float:
    """Return the mean F1 over the classes that occur."""
    scores = []
    for c in np.unique(targets):
        hits = ((targets == c) & (predicted == c)).sum()
        scores.append(2 * hits / ((targets == c).sum() + (predicted == c).sum()))
    return float(np.mean(scores))


def report(
    targets: Classes, predicted: Classes, labels: tuple[str, ...], probabilities: Probabilities | None = None
) -> ClassReport:
    """Return every figure; `probabilities` (texts, classes), where there are any, give the calibration.

    Raises ValueError where there is no text.
    """
    if not len(targets):
        raise ValueError("there is nothing to measure: no text")
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    return ClassReport(
        texts=len(targets),
        accuracy=accuracy(targets, predicted),
        macro_recall=macro_recall(targets, predicted),
        macro_f1=macro_f1(targets, predicted),
        classes=tuple(_class(label, confusion, c) for c, label in enumerate(labels)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        calibration=None if probabilities is None else calibration(targets, predicted, probabilities),
    )


def calibration(targets: Classes, predicted: Classes, probabilities: Probabilities) -> Calibration:
    """Return the expected calibration error over the probability of the class that was predicted.

    It is the mean, weighted by texts, of |accuracy - confidence| over `BINS` bins of equal width
    (Guo et al., On Calibration of Modern Neural Networks, ICML 2017). Bins without a text are left out.
    """
    confidence = probabilities[np.arange(len(predicted)), predicted]
    right = (targets == predicted).astype(np.float64)
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    bins = []
    for b in np.unique(place):
        inside = place == b
        bins.append(
            Bin(
                low=b / BINS,
                high=(b + 1) / BINS,
                texts=int(inside.sum()),
                confidence=float(confidence[inside].mean()),
                accuracy=float(right[inside].mean()),
            )
        )
    error = sum(each.texts * abs(each.accuracy - each.confidence) for each in bins) / len(targets)
    return Calibration(error, tuple(bins))


def _class(label: str, confusion: NDArray[np.int64], c: int) -> ClassFigures:
    hits, support, called = int(confusion[c, c]), int(confusion[c].sum()), int(confusion[:, c].sum())
    return ClassFigures(
        label=label,
        precision=hits / called if called else 0.0,
        recall=hits / support if support else 0.0,
        f1=2 * hits / (support + called) if support + called else 0.0,
        support=support,
    )
