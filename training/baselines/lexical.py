"""Classifiers by words: VADER and TextBlob, which learn nothing, and TF-IDF into a logistic regression."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from services.sentiment.model_card import SENTIMENT_HEADS
from services.sentiment.normalisation import normalise
from training.corpora import read_examples
from training.predictions import HeldOutTexts, Predictions

CORPORA: Final = frozenset(
    {
        "tweeteval-sentiment",
        "tweeteval-emotion",
        "tweeteval-offensive",
        "tweeteval-irony",
        "tweeteval-hate",
        "airline",
        "airline-category",
        "sentiment140",
        "entity-sentiment",
        "subj",
    }
)
_STEPS: Final = 300
_WORDS: Final = 100_000
_CHARACTERS: Final = 200_000
_VADER_NEUTRAL: Final = 0.05
"""VADER's authors call a compound score between -0.05 and 0.05 neutral (Hutto & Gilbert, ICWSM 2014)."""


class Vader:
    """VADER's compound score, cut where its authors say."""

    name = "VADER"

    def __init__(self) -> None:
        """Load the lexicon from the package."""
        self._analyzer = SentimentIntensityAnalyzer()

    def predict(self, inputs: HeldOutTexts) -> Predictions | None:
        """Return the sentiment of each text; None for any other inputs."""
        if inputs.head not in SENTIMENT_HEADS:
            return None
        return _polarity(inputs, lambda text: self._analyzer.polarity_scores(text)["compound"], _VADER_NEUTRAL)


class TextBlobLexicon:
    """TextBlob's default analyser, the lexicon of `pattern` (De Smedt & Daelemans 2012)."""

    name = "TextBlob"

    def predict(self, inputs: HeldOutTexts) -> Predictions | None:
        """Return sentiment (a polarity of 0 is neutral) or subjectivity (from 0.5 on); None for any other inputs."""
        if inputs.head == "subjectivity":
            shares = np.array([TextBlob(text).subjectivity for text in inputs.texts])
            return Predictions((shares >= 0.5).astype(np.int64))  # noqa: PLR2004 - the middle
        if inputs.head not in SENTIMENT_HEADS:
            return None
        return _polarity(inputs, lambda text: TextBlob(text).polarity, 0.0)


class TfidfRegression:
    """Word 1- and 2-grams and character 2- to 5-grams within words; balanced classes; cut at the commonest terms."""

    name = "TF-IDF + regression"

    def __init__(self, data: Path) -> None:
        """Take train parts from the data folder."""
        self._data = data

    def predict(self, inputs: HeldOutTexts) -> Predictions | None:
        """Train on the texts' corpus and predict; None for texts that are of no corpus with a train part.

        Raises ValueError where the train part cannot be read.
        """
        if inputs.corpus not in CORPORA:
            return None
        training = read_examples(inputs.corpus, self._data, "train")
        labels = [training.labels[c] for c in training.classes]
        model = pipeline()
        model.fit(_read(training.texts, training.targets if inputs.targets is not None else None), labels)
        shares = model.predict_proba(_read(inputs.texts, inputs.targets))
        known = list(model.classes_)
        columns = [known.index(label) if label in known else None for label in inputs.labels]
        ordered = np.stack([np.zeros(len(shares)) if c is None else shares[:, c] for c in columns], axis=1)
        ordered = ordered / np.maximum(ordered.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return Predictions(ordered.argmax(axis=1), ordered)


def pipeline() -> Any:
    """Return the untrained classifier; it has scikit-learn's `fit` and `predict_proba`."""
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, max_features=_WORDS, sublinear_tf=True, tokenizer=str.split, token_pattern=None
    )
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=2, max_features=_CHARACTERS, sublinear_tf=True
    )
    return make_pipeline(
        make_union(words, characters),
        LogisticRegression(C=4.0, max_iter=_STEPS, class_weight="balanced", solver="lbfgs"),
    )


def _polarity(inputs: HeldOutTexts, score: Callable[[str], float], neutral: float) -> Predictions:
    """Call positive what scores above `neutral`, negative what scores below its opposite; between it is neutral.

    Where neutral is not to choose from, a score of 0 counts as positive.
    """
    places = {label: place for place, label in enumerate(inputs.labels)}
    scores = np.array([score(text) for text in inputs.texts])
    if "neutral" in places:
        classes = np.full(len(scores), places["neutral"])
        positive, negative = scores > neutral, scores < -neutral
    else:
        classes = np.full(len(scores), places["positive"])
        positive, negative = scores >= 0, scores < 0
    classes[positive] = places["positive"]
    classes[negative] = places["negative"]
    return Predictions(classes.astype(np.int64), note="targets ignored" if inputs.targets else "")


def _read(texts: Any, targets: Any) -> list[str]:
    """Return what is counted: the cleaned text, and where there is a target, its words marked as such before it."""
    cleaned = [normalise(text) for text in texts]
    if targets is None:
        return cleaned
    marked = [" ".join(f"about:{word}" for word in normalise(target).split()) for target in targets]
    return [f"{target} {text}" for target, text in zip(marked, cleaned, strict=True)]
