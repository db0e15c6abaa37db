"""A model folder asked through the code that serves it."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.evaluation.word_model import SENTIMENTS, WordModel, sentiment_model
from training.evaluation.served import ServedModel
from training.evaluation.spans import WordSpan
from training.predictions import HeldOutTexts, Predictions
from training.sequences import ENTITY_LABELS

ABOUT = {"other": [0.0, 9.0, 0.0], "bad": [3.0, 0.0, 0.0], "good": [0.0, 0.0, 3.0]}


def opened(model: WordModel, folder: Path) -> ServedModel:
    """Write and open a model."""
    return ServedModel.open(str(model.write(folder)))


def predicted(model: ServedModel, head: str, texts: list[str], targets: list[str] | None = None) -> Predictions:
    """Return what a model says of the sentiment of texts, or of targets in them."""
    predictions = model.predict(HeldOutTexts("file", head, SENTIMENTS, texts, targets))
    assert predictions is not None
    return predictions


def test_texts_are_classified_in_their_order_whatever_their_length(tmp_path: Path) -> None:
    """More texts than a batch, of all lengths: each has its own answer."""
    model = opened(sentiment_model(), tmp_path / "m")
    words = ("bad", "plain", "good")
    texts = [" ".join([words[n % 3]] + ["x"] * (n * 7 % 11)) for n in range(100)]
    predictions = predicted(model, "sentiment", texts)
    assert predictions.classes.tolist() == [n % 3 for n in range(100)]
    assert predictions.probabilities is not None
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1)


def test_texts_are_normalised_as_in_the_service(tmp_path: Path) -> None:
    """A link says nothing and blanks are one: the words that are left decide."""
    model = opened(sentiment_model(), tmp_path / "m")
    assert predicted(model, "sentiment", ["https://t.co/1  good\n", "bad"]).classes.tolist() == [2, 0]


def test_where_two_labels_are_to_choose_from_the_third_is_out_of_it(tmp_path: Path) -> None:
    """A neutral text gets the likelier of negative and positive, whose probabilities sum to one."""
    model = opened(sentiment_model(), tmp_path / "m")
    predictions = model.predict(HeldOutTexts("file", "sentiment", ("negative", "positive"), ["plain plain good"]))
    assert predictions is not None
    assert predictions.classes.tolist() == [1]
    assert predictions.probabilities is not None
    assert predictions.probabilities.sum() == pytest.approx(1)


def test_a_target_is_read_by_the_head_for_targets(tmp_path: Path) -> None:
    """With that head the same text is positive of one target and neutral of another."""
    model = opened(sentiment_model(target_sentiment=(SENTIMENTS, ABOUT)), tmp_path / "m")
    predictions = predicted(model, "target_sentiment", ["good", "good"], ["it", "other"])
    assert (predictions.classes.tolist(), predictions.note) == ([2, 1], "")


def test_without_a_head_for_targets_they_are_ignored_and_that_is_said(tmp_path: Path) -> None:
    """The sentiment of the text stands in, with a note."""
    model = opened(sentiment_model(), tmp_path / "m")
    predictions = predicted(model, "target_sentiment", ["good", "good"], ["it", "bad bad"])
    assert (predictions.classes.tolist(), predictions.note) == ([2, 2], "targets ignored")


def test_a_question_that_the_model_has_no_head_for_is_not_answered(tmp_path: Path) -> None:
    """Neither is one with labels that its head does not have."""
    model = opened(sentiment_model(emotion=(("joy", "anger"), {"good": [2.0, 0.0]})), tmp_path / "m")
    assert model.predict(HeldOutTexts("file", "irony", ("non-irony", "irony"), ["good"])) is None
    assert model.predict(HeldOutTexts("file", "emotion", ("joy", "fear"), ["good"])) is None
    with pytest.raises(ValueError, match="has no head 'irony'; it has emotion, sentiment"):
        model.labels("irony")


def test_a_temperature_softens_the_probabilities(tmp_path: Path) -> None:
    """The head's temperature in config.json is that of the answer."""
    folder = sentiment_model().write(tmp_path / "m")
    before = predicted(ServedModel.open(str(folder)), "sentiment", ["good"])
    config = (
        (folder / "config.json").read_text().replace('"output": "sentiment"', '"output": "sentiment", "temperature": 3')
    )
    (folder / "config.json").write_text(config)
    after = predicted(ServedModel.open(str(folder)), "sentiment", ["good"])
    assert before.probabilities is not None
    assert after.probabilities is not None
    assert after.probabilities.max() < before.probabilities.max() < 1


def test_entities_are_spans_of_the_corpus_words(tmp_path: Path) -> None:
    """Words that normalising takes out or changes move no entity to another word."""
    points = {
        "Anna": [0.0] * 11,
        "New": [0.0] * 11,
        "York": [0.0] * 11,
        "to": [5.0, *[0.0] * 10],
        "[SEP]": [5.0, *[0.0] * 10],
    }
    for word, label in (("Anna", "B-person"), ("New", "B-location"), ("York", "I-location")):
        points[word][ENTITY_LABELS.index(label)] = 5.0
    model = opened(sentiment_model(entities=(ENTITY_LABELS, points)), tmp_path / "m")
    posts = [["https://t.co/x", "Anna", "@someone", "to", "New", "York"], ["to"], ["York", "to"]]
    expected = [[WordSpan("person", 1, 1), WordSpan("location", 4, 5)], [], [WordSpan("location", 0, 0)]]
    assert [[s for s in spans if s.type in ("person", "location")] for spans in model.entities(posts)][1:] == expected[
        1:
    ]
    assert set(expected[0]) <= set(model.entities(posts)[0])


def test_embeddings_come_in_the_order_of_the_texts(tmp_path: Path) -> None:
    """One vector a text, of length 1."""
    heads: dict[str, tuple[tuple[str, ...], dict[str, list[float]]]] = {"sentiment": (SENTIMENTS, {})}
    model = opened(WordModel(heads, embedding={"goal": [2.0, 0.0], "song": [0.0, 2.0]}), tmp_path / "m")
    np.testing.assert_allclose(model.embed(["song song song", "goal"]), [[0, 1], [1, 0]], atol=1e-6)
