"""How a set is learned: logistic regression on embeddings. The only module of the service that knows scikit-learn.

Multinomial logistic regression with balanced class weights on vectors of length 1. Its one parameter, C, is chosen
from `GRID` by cross-validated macro F1 up to 5,000 examples, and is `LARGE_C` beyond. The reported figures are of
out-of-fold predictions, where each fold is predicted with the C that did best on the other folds, so that the
choice of C has not looked at what it is judged by. (The models of those other folds have learned from this one:
a full nesting would cost five times as much. What is left of the optimism is a choice among four values.)
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from services.sentiment.categories.category_set import CategorySet, unit_rows
from shared.one_thread import one_thread

GRID: Final = (1.0, 4.0, 16.0, 64.0)
LARGE_C: Final = 16.0
LARGE: Final = 5_000
FOLDS: Final = 5

_SEED: Final = 0
_ITERATIONS: Final = 2000
_TOLERANCE: Final = 2e-3
"""Of the gradient, over the number of labels: that is how its largest entry shrinks, with every label weighed alike."""
_FINEST: Final = 1e-9

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]
Check = Callable[[], None]
"""Called between two fits; may raise to end the training."""


@dataclass(frozen=True, eq=False)
class FittedClassifier:
    """What was learned: shapes as in `CategorySet`, F1 out of fold, in the order of the classes."""

    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    label_f1: tuple[float, ...]
    macro_f1: float
    folds: int
    c: float

    def called(
        self, name: str, counts: Mapping[str, int], embedding_version: str, now: datetime, notes: str = ""
    ) -> CategorySet:
        """Return the set, of no version yet; `counts` are the examples of each label, in the order of the classes."""
        return CategorySet(
            name=name,
            version=0,
            labels=tuple(counts),
            counts=tuple(counts.values()),
            embedding_version=embedding_version,
            coefficients=self.coefficients,
            intercepts=self.intercepts,
            macro_f1=self.macro_f1,
            label_f1=self.label_f1,
            folds=self.folds,
            created_at=now,
            notes=notes,
        )


def train(
    embeddings: NDArray[np.float32],
    classes: Classes,
    groups: Sequence[Hashable] | None = None,
    check: Check = lambda: None,
) -> FittedClassifier:
    """Learn to tell `classes` (0 to n-1, each at least once, n at least 2), shape (texts,), from `embeddings`.

    Texts of one group (an author, say) never stand on both sides of a fold. The same input gives the same
    numbers, on one thread whatever the machine has. Raises ValueError where the groups are too few to part,
    and, between two fits, whatever `check` raises.
    """
    vectors = unit_rows(embeddings)
    parts = _parts(classes, groups)
    grid = GRID if len(classes) <= LARGE else (LARGE_C,)
    with one_thread():
        guesses = np.stack([_out_of_fold(vectors, classes, parts, c, check) for c in grid])
        best = int(np.argmax([_macro_f1(classes, guess) for guess in guesses]))
        model = _fit(vectors, classes, grid[best], check)
    honest = np.empty_like(classes)
    for part in parts:
        others = np.setdiff1d(np.arange(len(classes)), part)
        chosen = int(np.argmax([_macro_f1(classes[others], guess[others]) for guess in guesses]))
        honest[part] = guesses[chosen][part]
    label_f1 = f1_score(classes, honest, labels=np.arange(classes.max() + 1), average=None, zero_division=0)
    coefficients, intercepts = _rows(model)
    return FittedClassifier(
        coefficients=coefficients,
        intercepts=intercepts,
        label_f1=tuple(float(value) for value in label_f1),
        macro_f1=float(np.mean(label_f1)),
        folds=len(parts),
        c=grid[best],
    )


def _parts(classes: Classes, groups: Sequence[Hashable] | None) -> list[Classes]:
    """Return the rows of each fold: five, or as many as the class with the fewest groups has."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups or ()))}
    of_row = np.array([numbers[group] for group in groups]) if groups is not None else np.arange(len(classes))
    folds = min(FOLDS, *(len(np.unique(of_row[classes == label])) for label in range(int(classes.max()) + 1)))
    if folds < 2:  # noqa: PLR2004 - a fold to learn from and one to judge by
        raise ValueError("a label stands in one group alone and cannot be cross-validated; add examples of others")
    if len(np.unique(of_row)) == len(of_row):
        # Nothing to keep together, and many times faster.
        splits = StratifiedKFold(folds, shuffle=True, random_state=_SEED).split(classes, classes)
    else:
        splits = StratifiedGroupKFold(folds, shuffle=True, random_state=_SEED).split(classes, classes, of_row)
    return [part for _, part in splits]


def _out_of_fold(vectors: Floats, classes: Classes, parts: Sequence[Classes], c: float, check: Check) -> Classes:
    guess = np.empty_like(classes)
    for part in parts:
        others = np.setdiff1d(np.arange(len(classes)), part)
        guess[part] = _fit(vectors[others], classes[others], c, check).predict(vectors[part])
    return guess


def _fit(vectors: Floats, classes: Classes, c: float, check: Check) -> Any:
    check()
    labels = int(classes.max()) + 1
    model = LogisticRegression(C=c, class_weight="balanced", tol=_TOLERANCE / max(20, labels), max_iter=_ITERATIONS)
    model.fit(vectors, classes)
    if not model.n_iter_.max():
        # Vectors so alike that the first gradient passed for none: nothing was learned.
        model.set_params(tol=_FINEST).fit(vectors, classes)
    return model


def _macro_f1(classes: Classes, guess: Classes) -> float:
    return float(f1_score(classes, guess, average="macro", zero_division=0))


def _rows(model: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a row and an intercept a class; of two classes scikit-learn has one row, their difference."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    return coefficients.astype(np.float32), intercepts.astype(np.float32)
