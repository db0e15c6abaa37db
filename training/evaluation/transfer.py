"""How far the model can be trusted in languages that it was not trained on: UMSAB's tweets in eight of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from services.sentiment.language import LanguageDetector
from services.sentiment.normalisation import normalise
from shared.analysis import SENTIMENT_LABELS
from training.corpora import read_columns
from training.measures import macro_recall
from training.predictions import Contestant, HeldOutTexts

_NUMBERS: Final = dict(enumerate(SENTIMENT_LABELS))


@dataclass(frozen=True)
class LanguageFigures:
    """One language: macro recall in [0, 1], and the share of its texts that the service calls unsupported.

    `unsupported` is None where the model does not say what languages it was trained on.
    """

    texts: int
    macro_recall: float
    unsupported: float | None


@dataclass(frozen=True)
class LanguageReport:
    """Figures by ISO 639-1 code."""

    languages: Mapping[str, LanguageFigures]

    @property
    def mean(self) -> float:
        """The mean macro recall over the languages."""
        return float(np.mean([each.macro_recall for each in self.languages.values()]))


@dataclass(frozen=True)
class Tweets:
    """UMSAB's validation part (Barbieri et al., XLM-T, LREC 2022): texts, sentiment classes, languages."""

    texts: list[str]
    classes: list[int]
    languages: list[str]


def read_tweets(folder: Path) -> Tweets:
    """Read `langid/umsab_tweets_val.parquet`; raises ValueError where it or a column is missing or a label unknown."""
    columns = read_columns(folder / "langid" / "umsab_tweets_val.parquet", ["text", "lang", "label"])
    for row, label in enumerate(columns["label"]):
        if label not in _NUMBERS:
            raise ValueError(f"umsab_tweets_val.parquet: row {row + 1} has the label {label!r}; known are 0, 1 and 2")
    return Tweets(columns["text"], columns["label"], columns["lang"])


def measure_languages(contestant: Contestant, tweets: Tweets, trained_on: tuple[str, ...]) -> LanguageReport | None:
    """Return each language's figures; None where the contestant tells no sentiment.

    `trained_on` are the languages that the model's card names, by which the service decides what it
    marks as unsupported.
    """
    predictions = contestant.predict(HeldOutTexts("umsab", "sentiment", SENTIMENT_LABELS, tweets.texts))
    if predictions is None:
        return None
    unsupported = _unsupported(tweets, trained_on) if trained_on else None
    languages = np.array(tweets.languages)
    classes = np.array(tweets.classes, dtype=np.int64)
    figures = {}
    for language in sorted(set(tweets.languages)):
        inside = languages == language
        figures[language] = LanguageFigures(
            texts=int(inside.sum()),
            macro_recall=macro_recall(classes[inside], predictions.classes[inside]),
            unsupported=None if unsupported is None else float(unsupported[inside].mean()),
        )
    return LanguageReport(figures)


def _unsupported(tweets: Tweets, trained_on: tuple[str, ...]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    detector = LanguageDetector(trained_on)
    return np.array([not detector.detect(normalise(text)).supported for text in tweets.texts])
