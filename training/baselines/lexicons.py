"""Word lists with weights, which learn nothing: VADER and TextBlob."""

from collections.abc import Callable
from typing import Final

import numpy as np
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from services.sentiment.model_card import SENTIMENT_HEADS
from training.question import Answer, Question

_VADER_NEUTRAL: Final = 0.05
"""VADER's authors call a compound score between -0.05 and 0.05 neutral (Hutto & Gilbert, ICWSM 2014)."""


class Vader:
    """VADER's compound score, cut where its authors say."""

    name = "VADER"

    def __init__(self) -> None:
        """Load the lexicon from the package."""
        self._analyzer = SentimentIntensityAnalyzer()

    def answer(self, question: Question) -> Answer | None:
        """Return the sentiment of each text; None for any other question."""
        if question.head not in SENTIMENT_HEADS:
            return None
        return _polarity(question, lambda text: self._analyzer.polarity_scores(text)["compound"], _VADER_NEUTRAL)


class TextBlobLexicon:
    """TextBlob's default analyser, the lexicon of `pattern` (De Smedt & Daelemans 2012)."""

    name = "TextBlob"

    def answer(self, question: Question) -> Answer | None:
        """Return sentiment (a polarity of 0 is neutral) or subjectivity (from 0.5 on); None for any other question."""
        if question.head == "subjectivity":
            shares = np.array([TextBlob(text).subjectivity for text in question.texts])
            return Answer((shares >= 0.5).astype(np.int64))  # noqa: PLR2004 - the middle
        if question.head not in SENTIMENT_HEADS:
            return None
        return _polarity(question, lambda text: TextBlob(text).polarity, 0.0)


def _polarity(question: Question, score: Callable[[str], float], neutral: float) -> Answer:
    """Call positive what scores above `neutral`, negative what scores below its opposite; between it is neutral.

    Where neutral is not to choose from, a score of 0 counts as positive.
    """
    places = {label: place for place, label in enumerate(question.labels)}
    scores = np.array([score(text) for text in question.texts])
    if "neutral" in places:
        classes = np.full(len(scores), places["neutral"])
        positive, negative = scores > neutral, scores < -neutral
    else:
        classes = np.full(len(scores), places["positive"])
        positive, negative = scores >= 0, scores < 0
    classes[positive] = places["positive"]
    classes[negative] = places["negative"]
    return Answer(classes.astype(np.int64), note="targets ignored" if question.targets else "")
