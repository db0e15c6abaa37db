"""From logits to what a text is said to be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.sentiment.labels import sentiment_classes
from services.sentiment.model_card import BINARY_HEADS, SENTIMENT_HEADS, Head, ModelCard
from services.sentiment.model_output import ModelOutput, class_places
from shared.analysis import SENTIMENT_LABELS, Classification, Sentiment

_DIGITS = 6

Probabilities = NDArray[np.float64]
Answer = Sentiment | Classification | float | None


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Probabilities:
    """Return the probabilities of logits over the last axis.

    `temperature` calibrates them: above 1 they get softer (Guo et al., ICML 2017).
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    shares: Probabilities = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares


class Scorer:
    """Reads the logits of one model."""

    def __init__(self, card: ModelCard) -> None:
        """Prepare for the card's heads."""
        self._heads = card.heads
        self._places = class_places(card)
        self._sums = {name: _sums(card.heads[name], name) for name in SENTIMENT_HEADS & card.heads.keys()}

    def score(self, heads: Sequence[str], outputs: Sequence[ModelOutput]) -> dict[str, Sequence[Answer]]:
        """Return each output's answer by head, in order; None for a head that the model lacks."""
        if not outputs:
            return {head: [] for head in heads}
        logits = np.stack([output.logits for output in outputs]) if self._places.keys() & set(heads) else None
        nothing: list[Answer] = [None] * len(outputs)
        return {
            head: self._answers(head, logits[:, self._places[head]])
            if logits is not None and head in self._places
            else nothing
            for head in heads
        }

    def _answers(self, name: str, logits: NDArray[np.float32]) -> Sequence[Answer]:
        head = self._heads[name]
        shares = softmax(logits, head.temperature)
        if name in BINARY_HEADS:
            return list(_rounded(shares[:, 1]).tolist())
        if name in SENTIMENT_HEADS:
            return sentiments(shares @ self._sums[name])
        return classifications(head.labels, shares)


def sentiments(shares: Probabilities) -> list[Sentiment]:
    """Return the sentiments of P(negative), P(neutral), P(positive), (texts, 3).

    The score is P(positive) + P(neutral)/2.
    """
    rounded = _rounded(shares)
    scores = _rounded(np.minimum(1.0, rounded[:, 2] + rounded[:, 1] / 2))
    return [
        Sentiment(
            label=SENTIMENT_LABELS[best], score=score, probabilities=dict(zip(SENTIMENT_LABELS, each, strict=True))
        )
        for best, score, each in zip(shares.argmax(axis=1).tolist(), scores.tolist(), rounded.tolist(), strict=True)
    ]


def classifications(labels: Sequence[str], shares: Probabilities) -> list[Classification]:
    """Return the likeliest of `labels` for each row of `shares`, (texts, labels), its probability as the score."""
    return [
        Classification(label=labels[best], score=each[best], probabilities=dict(zip(labels, each, strict=True)))
        for best, each in zip(shares.argmax(axis=1).tolist(), _rounded(shares).tolist(), strict=True)
    ]


def vectors(embeddings: NDArray[np.float32]) -> list[list[float]]:
    """Return embeddings, (texts, dimensions), as lists of six digits."""
    numbers: list[list[float]] = _rounded(embeddings.astype(np.float64)).tolist()
    return numbers


def _sums(head: Head, name: str) -> NDArray[np.float64]:
    """Return the matrix that sums a head's classes, (classes, 3), into the three sentiments."""
    classes = sentiment_classes(head.labels, name)
    return np.array([[float(label == one) for label in SENTIMENT_LABELS] for one in classes])


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = np.round(values, _DIGITS)
    return rounded
