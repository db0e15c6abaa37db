"""The lexicons."""

import pytest

from training.baselines.lexical import TextBlobLexicon, Vader
from training.predictions import Contestant, HeldOutTexts

SENTIMENTS = ("negative", "neutral", "positive")
TEXTS = ["I hate this awful mess", "the train leaves at nine", "what a wonderful, great day"]


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_plain_words_are_understood(lexicon: Contestant) -> None:
    """Hate is negative, a timetable neutral, praise positive; no probabilities are claimed."""
    predictions = lexicon.predict(HeldOutTexts("file", "sentiment", SENTIMENTS, TEXTS))
    assert predictions is not None
    assert predictions.classes.tolist() == [0, 1, 2]
    assert predictions.probabilities is None


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_where_neutral_is_no_choice_each_text_gets_a_side(lexicon: Contestant) -> None:
    """Only the labels to choose from are given, by their numbers."""
    predictions = lexicon.predict(HeldOutTexts("file", "sentiment", ("positive", "negative"), TEXTS))
    assert predictions is not None
    assert predictions.classes.tolist() == [1, 0, 0]


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_targets_are_ignored_and_that_is_said(lexicon: Contestant) -> None:
    """A lexicon knows no targets."""
    predictions = lexicon.predict(HeldOutTexts("file", "target_sentiment", SENTIMENTS, TEXTS[:1], ["it"]))
    assert predictions is not None
    assert predictions.note == "targets ignored"


def test_questions_that_are_not_a_lexicons_own_are_not_answered() -> None:
    """Irony is neither's, subjectivity TextBlob's alone."""
    inputs = HeldOutTexts("file", "subjectivity", ("objective", "subjective"), ["the train is red", "I love it"])
    assert Vader().predict(inputs) is None
    predictions = TextBlobLexicon().predict(inputs)
    assert predictions is not None
    assert predictions.classes.tolist() == [0, 1]
    assert TextBlobLexicon().predict(HeldOutTexts("file", "irony", ("a", "b"), TEXTS)) is None
