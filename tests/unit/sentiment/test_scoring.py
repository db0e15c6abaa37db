"""From logits to answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.model_card import Head, ModelCard
from services.sentiment.model_output import OutputBuilder
from services.sentiment.scoring import Scorer, softmax, vectors
from services.sentiment.tokenizer import Tokens
from shared.analysis import Classification, Sentiment

LOGITS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3)


def card(labels: Sequence[str] = ("negative", "neutral", "positive"), **more: Any) -> ModelCard:
    """Return a card with a sentiment head."""
    temperature = more.pop("temperature", 1.0)
    heads = {"sentiment": Head("logits", tuple(labels), temperature), **more.pop("heads", {})}
    return ModelCard("m", None, Path(), "fp32", 16, heads, **more)


def read(subject: ModelCard, head: str = "sentiment", **logits: Sequence[float]) -> Any:
    """Return one head's answer for one text, all heads' logits given."""
    row = {name: np.array(values, dtype=np.float32) for name, values in logits.items()}
    readings = OutputBuilder(subject).build(["text"], [Tokens((1,), (0,))], [row])
    return Scorer(subject).score([head], readings)[head][0]


@given(LOGITS, st.floats(0.1, 10))
def test_probabilities_sum_to_one_and_make_the_score(logits: list[float], temperature: float) -> None:
    """For any logits: probabilities sum to 1, the label is the likeliest, the score is P(positive) + P(neutral)/2."""
    answer = read(card(temperature=temperature), sentiment=logits)
    shares = answer.probabilities
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert shares[answer.label] == max(shares.values())
    assert answer.score == pytest.approx(shares["positive"] + shares["neutral"] / 2, abs=1e-6)


def test_classes_in_another_order_are_read_by_their_labels() -> None:
    """A model that counts positive first is read rightly."""
    answer = read(card(["POS", "NEG", "NEU"]), sentiment=[9, 0, 0])
    assert answer.label == "positive"
    assert answer.score > 0.99


def test_stars_are_summed() -> None:
    """One and two stars together are negative, four and five positive."""
    stars = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    answer = read(card(stars), sentiment=[0, 0, 0, 0, 0])
    assert answer.probabilities == {"negative": 0.4, "neutral": 0.2, "positive": 0.4}


def test_two_classes_leave_no_neutral() -> None:
    """Without a neutral class its probability is 0 and the score is P(positive)."""
    answer = read(card(["negative", "positive"]), sentiment=[0, 0])
    assert answer.probabilities == {"negative": 0.5, "neutral": 0.0, "positive": 0.5}
    assert answer.score == 0.5


def test_a_higher_temperature_softens() -> None:
    """Calibration by temperature keeps the order and pulls probabilities together."""
    hard, soft = softmax(np.array([2.0, 0.0])), softmax(np.array([2.0, 0.0]), 4.0)
    assert hard[0] > soft[0] > 0.5


def test_other_heads_answer_in_their_own_form() -> None:
    """A binary head answers P(present), a head with classes its likeliest class, one that is missing None."""
    subject = card(
        heads={
            "subjectivity": Head("s", ("objective", "subjective")),
            "emotion": Head("e", ("anger", "joy")),
        },
    )
    logits = {"sentiment": [0, 9, 0], "subjectivity": [0, 0], "emotion": [0, 30]}
    assert isinstance(read(subject, "sentiment", **logits), Sentiment)
    assert read(subject, "subjectivity", **logits) == 0.5
    joy = Classification(label="joy", score=1, probabilities={"anger": 0, "joy": 1})
    assert read(subject, "emotion", **logits) == joy
    assert read(subject, "irony", **logits) is None


def test_a_targets_sentiment_is_read_from_its_own_head() -> None:
    """The head for targets has classes and a temperature of its own."""
    subject = card(heads={"target_sentiment": Head("t", ("positive", "negative", "neutral"), 2.0)})
    logits = {"sentiment": [9, 0, 0], "target_sentiment": [9, 0, 0]}
    alone, aimed = (read(subject, head, **logits) for head in ("sentiment", "target_sentiment"))
    assert (alone.label, aimed.label) == ("negative", "positive")
    assert aimed.score < 1 - alone.score


def test_each_text_gets_its_own_answer() -> None:
    """Texts are scored together and keep their order; none give none."""
    rows = [{"sentiment": np.array(values, dtype=np.float32)} for values in ([9, 0, 0], [0, 0, 9])]
    readings = OutputBuilder(card()).build(["a", "b"], [Tokens((1,), (0,))] * 2, rows)
    answers = Scorer(card()).score(["sentiment"], readings)["sentiment"]
    assert [getattr(answer, "label", None) for answer in answers] == ["negative", "positive"]
    assert Scorer(card()).score(["sentiment", "hate"], []) == {"sentiment": [], "hate": []}


def test_embeddings_become_lists_of_six_digits() -> None:
    """Float32's own digits, 0.1 as 0.10000000149, do not show."""
    assert vectors(np.array([[0.1, -1.0], [1 / 3, 0.25]], np.float32)) == [[0.1, -1.0], [0.333333, 0.25]]
