"""From logits to what a text is said to be."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.sentiment.labels import sentiment_classes
from services.sentiment.model_card import BINARY_HEADS, SENTIMENT_HEADS, ModelCard
from services.sentiment.model_output import ModelOutput, class_places
from shared.analysis import SENTIMENT_LABELS, Classification, Sentiment, SentimentLabel

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
    """Reads the logits of one model.

    A text at a time, in plain numbers: for some classes of some texts numpy's calls would cost several times as much.
    """

    def __init__(self, card: ModelCard) -> None:
        """Prepare for the card's heads."""
        self._heads = card.heads
        self._places = class_places(card)
        self._sentiments = {
            name: sentiment_classes(card.heads[name].labels, name) for name in SENTIMENT_HEADS & card.heads.keys()
        }

    def score(self, heads: Sequence[str], outputs: Sequence[ModelOutput]) -> dict[str, Sequence[Answer]]:
        """Return each output's answer by head, in order; None for a head that the model lacks."""
        logits = [output.logits.tolist() for output in outputs] if self._places.keys() & set(heads) else []
        nothing: list[Answer] = [None] * len(outputs)
        return {
            head: [self._answer(head, each[self._places[head]]) for each in logits] if head in self._places else nothing
            for head in heads
        }

    def _answer(self, name: str, logits: Sequence[float]) -> Answer:
        head = self._heads[name]
        shares = _shares(logits, head.temperature)
        if name in BINARY_HEADS:
            return round(shares[1], _DIGITS)
        if name in SENTIMENT_HEADS:
            summed = dict.fromkeys(SENTIMENT_LABELS, 0.0)
            for label, share in zip(self._sentiments[name], shares, strict=True):
                summed[label] += share
            return sentiment(summed)
        return classification(head.labels, shares)


def sentiment(shares: Mapping[SentimentLabel, float]) -> Sentiment:
    """Return the sentiment of P(negative), P(neutral), P(positive); the score is P(positive) + P(neutral)/2."""
    rounded = {label: round(share, _DIGITS) for label, share in shares.items()}
    return Sentiment(
        label=max(shares, key=shares.__getitem__),
        score=round(min(1.0, rounded["positive"] + rounded["neutral"] / 2), _DIGITS),
        probabilities=rounded,
    )


def classification(labels: Sequence[str], shares: Sequence[float]) -> Classification:
    """Return the likeliest of `labels`, its probability as the score."""
    rounded = [round(share, _DIGITS) for share in shares]
    best = max(range(len(shares)), key=shares.__getitem__)
    return Classification(
        label=labels[best], score=rounded[best], probabilities=dict(zip(labels, rounded, strict=True))
    )


def _shares(logits: Sequence[float], temperature: float) -> list[float]:
    """Return `softmax` of one text's logits."""
    highest = max(logits)
    exponents = [math.exp((logit - highest) / temperature) for logit in logits]
    total = sum(exponents)
    return [exponent / total for exponent in exponents]


def vectors(embeddings: NDArray[np.float32]) -> list[list[float]]:
    """Return embeddings, (texts, dimensions), as lists of six digits."""
    numbers: list[list[float]] = _rounded(embeddings.astype(np.float64)).tolist()
    return numbers


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rounded: NDArray[np.float64] = np.round(values, _DIGITS)
    return rounded
