"""Figures by which a classifier is judged; `targets` and `predicted` are class indices of shape (texts,)."""

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]


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
