"""The lexicons."""

import pytest

from training.baselines.lexicons import TextBlobLexicon, Vader
from training.question import Contestant, Question

SENTIMENTS = ("negative", "neutral", "positive")
TEXTS = ["I hate this awful mess", "the train leaves at nine", "what a wonderful, great day"]


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_plain_words_are_understood(lexicon: Contestant) -> None:
    """Hate is negative, a timetable neutral, praise positive; no probabilities are claimed."""
    answer = lexicon.answer(Question("file", "sentiment", SENTIMENTS, TEXTS))
    assert answer is not None
    assert answer.classes.tolist() == [0, 1, 2]
    assert answer.probabilities is None


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_where_neutral_is_no_choice_each_text_gets_a_side(lexicon: Contestant) -> None:
    """Only the labels to choose from are given, by their numbers."""
    answer = lexicon.answer(Question("file", "sentiment", ("positive", "negative"), TEXTS))
    assert answer is not None
    assert answer.classes.tolist() == [1, 0, 0]


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_targets_are_ignored_and_that_is_said(lexicon: Contestant) -> None:
    """A lexicon knows no targets."""
    answer = lexicon.answer(Question("file", "target_sentiment", SENTIMENTS, TEXTS[:1], ["it"]))
    assert answer is not None
    assert answer.note == "targets ignored"


def test_questions_that_are_not_a_lexicons_own_are_not_answered() -> None:
    """Irony is neither's, subjectivity TextBlob's alone."""
    question = Question("file", "subjectivity", ("objective", "subjective"), ["the train is red", "I love it"])
    assert Vader().answer(question) is None
    answer = TextBlobLexicon().answer(question)
    assert answer is not None
    assert answer.classes.tolist() == [0, 1]
    assert TextBlobLexicon().answer(Question("file", "irony", ("a", "b"), TEXTS)) is None
