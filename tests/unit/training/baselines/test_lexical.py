"""The lexicons, and TF-IDF with a regression."""

from pathlib import Path

import pytest

from tests.unit.training.evaluation.corpora import write_corpora
from training.baselines.lexical import CORPORA, TextBlobLexicon, TfidfRegression, Vader
from training.evaluation.benchmark import CLASS_BENCHMARKS, Benchmark
from training.predictions import Contestant, HeldOutTexts, Predictions

SENTIMENTS = ("negative", "neutral", "positive")
TEXTS = ["I hate this awful mess", "the train leaves at nine", "what a wonderful, great day"]
SENTIMENT, TARGETS = (
    next(each for each in CLASS_BENCHMARKS if each.corpus == corpus)
    for corpus in ("tweeteval-sentiment", "entity-sentiment")
)


def predicted(contestant: Contestant, inputs: HeldOutTexts) -> Predictions:
    """Return what a contestant says."""
    predictions = contestant.predict(inputs)
    assert predictions is not None
    return predictions


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_plain_words_are_understood(lexicon: Contestant) -> None:
    """Hate is negative, a timetable neutral, praise positive; no probabilities are claimed."""
    predictions = predicted(lexicon, HeldOutTexts("file", "sentiment", SENTIMENTS, TEXTS))
    assert predictions.classes.tolist() == [0, 1, 2]
    assert predictions.probabilities is None


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_where_neutral_is_no_choice_each_text_gets_a_side(lexicon: Contestant) -> None:
    """Only the labels to choose from are given, by their numbers."""
    predictions = predicted(lexicon, HeldOutTexts("file", "sentiment", ("positive", "negative"), TEXTS))
    assert predictions.classes.tolist() == [1, 0, 0]


@pytest.mark.parametrize("lexicon", [Vader(), TextBlobLexicon()])
def test_targets_are_ignored_and_that_is_said(lexicon: Contestant) -> None:
    """A lexicon knows no targets."""
    predictions = predicted(lexicon, HeldOutTexts("file", "target_sentiment", SENTIMENTS, TEXTS[:1], ["it"]))
    assert predictions.note == "targets ignored"


def test_questions_that_are_not_a_lexicons_own_are_not_answered() -> None:
    """Irony is neither's, subjectivity TextBlob's alone."""
    inputs = HeldOutTexts("file", "subjectivity", ("objective", "subjective"), ["the train is red", "I love it"])
    assert Vader().predict(inputs) is None
    assert predicted(TextBlobLexicon(), inputs).classes.tolist() == [0, 1]
    assert TextBlobLexicon().predict(HeldOutTexts("file", "irony", ("a", "b"), TEXTS)) is None


def share_right(benchmark: Benchmark, data: Path) -> float:
    """Return the share of validation texts that it gets right."""
    inputs, examples = benchmark.read(data)
    predictions = predicted(TfidfRegression(data), inputs)
    assert predictions.probabilities is not None
    assert predictions.probabilities.sum(axis=1) == pytest.approx(1)
    return float((predictions.classes == examples.classes).mean())


def test_it_learns_the_words_of_the_train_part(tmp_path: Path) -> None:
    """The made-up texts are told by one word, which nine in ten obey."""
    assert share_right(SENTIMENT, write_corpora(tmp_path)) >= 0.9


def test_it_reads_the_target_as_words_of_its_own(tmp_path: Path) -> None:
    """That `other` is spoken of neutrally cannot be known from the text."""
    assert share_right(TARGETS, write_corpora(tmp_path, rows=900)) > 0.75


def test_two_labels_to_choose_from_are_numbered_as_asked(tmp_path: Path) -> None:
    """Sentiment140 is trained on as sentiment and asked with two labels."""
    sentiment140 = next(each for each in CLASS_BENCHMARKS if each.corpus == "sentiment140")
    assert share_right(sentiment140, write_corpora(tmp_path)) > 0.85


def test_texts_of_no_corpus_are_not_answered(tmp_path: Path) -> None:
    """Without a train part there is nothing to learn from; every class benchmark has one."""
    inputs, _ = SENTIMENT.read(write_corpora(tmp_path))
    other = type(inputs)("mine.csv", inputs.head, inputs.labels, inputs.texts)
    assert TfidfRegression(tmp_path).predict(other) is None
    assert {each.corpus for each in CLASS_BENCHMARKS} == CORPORA
