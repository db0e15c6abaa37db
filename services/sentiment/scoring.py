"""From logits to what a text is said to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.sentiment.labels import sentiment_classes
from services.sentiment.model_card import BINARY_HEADS, CLASS_HEADS, Head, ModelCard
from shared.analysis import SENTIMENT_LABELS, Classification, Sentiment, SentimentLabel

_DIGITS = 6

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What the model says of one text: each head's answer under the feature's name, for heads that it has."""

    answers: Mapping[str, Sentiment | Classification | float | list[float]]
    truncated: bool


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
        self._card = card
        classes = sentiment_classes(card.heads["sentiment"].labels)
        self._sums = np.array([[float(label == one) for label in SENTIMENT_LABELS] for one in classes])

    def read(self, rows: Sequence[Mapping[str, NDArray[np.float32]]], truncated: Sequence[bool]) -> list[Reading]:
        """Return the reading of each text; `rows` are logits by head, each of shape (classes,)."""
        if not rows:
            return []
        columns = {
            name: self._answers(name, head, np.stack([row[name] for row in rows]))
            for name, head in self._card.heads.items()
        }
        if self._card.embedding is not None:
            columns["embedding"] = [[round(float(x), _DIGITS) for x in row["embedding"]] for row in rows]
        return [
            Reading({name: column[place] for name, column in columns.items()}, cut)
            for place, cut in enumerate(truncated)
        ]

    def _answers(
        self, name: str, head: Head, logits: NDArray[np.float32]
    ) -> list[Sentiment | Classification | float | list[float]]:
        shares = softmax(logits, head.temperature)
        if name in BINARY_HEADS:
            return [round(float(share[1]), _DIGITS) for share in shares]
        if name in CLASS_HEADS:
            return [classification(head.labels, share) for share in shares]
        return [sentiment(share) for share in shares @ self._sums]


def sentiment(shares: Probabilities) -> Sentiment:
    """Return the sentiment of P(negative), P(neutral), P(positive); its score is P(positive) + P(neutral)/2."""
    rounded = [round(float(share), _DIGITS) for share in shares]
    probabilities: dict[SentimentLabel, float] = dict(zip(SENTIMENT_LABELS, rounded, strict=True))
    return Sentiment(
        label=SENTIMENT_LABELS[int(np.argmax(shares))],
        score=round(min(1.0, rounded[2] + rounded[1] / 2), _DIGITS),
        probabilities=probabilities,
    )


def classification(labels: Sequence[str], shares: Probabilities) -> Classification:
    """Return the likeliest of `labels`, its probability as the score."""
    rounded = [round(float(share), _DIGITS) for share in shares]
    best = int(np.argmax(shares))
    return Classification(
        label=labels[best], score=rounded[best], probabilities=dict(zip(labels, rounded, strict=True))
    )
