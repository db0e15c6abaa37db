"""TF-IDF of words and characters into a logistic regression, trained on the corpus's own train part."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from services.sentiment.normalisation import normalise
from training.corpora import read_examples
from training.question import Answer, Question

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


class TfidfRegression:
    """Word 1- and 2-grams and character 2- to 5-grams within words; balanced classes; cut at the commonest terms."""

    name = "TF-IDF + regression"

    def __init__(self, data: Path) -> None:
        """Take train parts from the data folder."""
        self._data = data

    def answer(self, question: Question) -> Answer | None:
        """Train on the question's corpus and answer; None for texts that are of no corpus with a train part.

        Raises ValueError where the train part cannot be read.
        """
        if question.corpus not in CORPORA:
            return None
        training = read_examples(question.corpus, self._data, "train")
        labels = [training.labels[c] for c in training.classes]
        model = pipeline()
        model.fit(_read(training.texts, training.targets if question.targets is not None else None), labels)
        shares = model.predict_proba(_read(question.texts, question.targets))
        known = list(model.classes_)
        columns = [known.index(label) if label in known else None for label in question.labels]
        ordered = np.stack([np.zeros(len(shares)) if c is None else shares[:, c] for c in columns], axis=1)
        ordered = ordered / np.maximum(ordered.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return Answer(ordered.argmax(axis=1), ordered)


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


def _read(texts: Any, targets: Any) -> list[str]:
    """Return what is counted: the cleaned text, and where there is a target, its words marked as such before it."""
    cleaned = [normalise(text) for text in texts]
    if targets is None:
        return cleaned
    marked = [" ".join(f"about:{word}" for word in normalise(target).split()) for target in targets]
    return [f"{target} {text}" for target, text in zip(marked, cleaned, strict=True)]
