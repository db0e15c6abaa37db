"""From logits to answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.model_card import Embedding, Head, ModelCard
from services.sentiment.scoring import Scorer, softmax
from shared.analysis import Classification, Sentiment

LOGITS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=3, max_size=3)


def scorer(labels: Sequence[str] = ("negative", "neutral", "positive"), **more: Any) -> Scorer:
    """Return the scorer of a card with a sentiment head."""
    temperature = more.pop("temperature", 1.0)
    heads = {"sentiment": Head("logits", tuple(labels), temperature), **more.pop("heads", {})}
    return Scorer(ModelCard("m", None, Path(), "fp32", 16, heads, **more))


def read(subject: Scorer, **logits: Sequence[float]) -> Any:
    """Return the answers for one text."""
    row = {head: np.array(values, dtype=np.float32) for head, values in logits.items()}
    return subject.read([row], [False])[0].answers


@given(LOGITS, st.floats(0.1, 10))
def test_probabilities_sum_to_one_and_make_the_score(logits: list[float], temperature: float) -> None:
    """For any logits: probabilities sum to 1, the label is the likeliest, the score is P(positive) + P(neutral)/2."""
    answer = read(scorer(temperature=temperature), sentiment=logits)["sentiment"]
    shares = answer.probabilities
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert shares[answer.label] == max(shares.values())
    assert answer.score == pytest.approx(shares["positive"] + shares["neutral"] / 2, abs=1e-6)


def test_classes_in_another_order_are_read_by_their_labels() -> None:
    """A model that counts positive first is read rightly."""
    answer = read(scorer(["POS", "NEG", "NEU"]), sentiment=[9, 0, 0])["sentiment"]
    assert answer.label == "positive"
    assert answer.score > 0.99


def test_stars_are_summed() -> None:
    """One and two stars together are negative, four and five positive."""
    stars = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    answer = read(scorer(stars), sentiment=[0, 0, 0, 0, 0])["sentiment"]
    assert answer.probabilities == {"negative": 0.4, "neutral": 0.2, "positive": 0.4}


def test_two_classes_leave_no_neutral() -> None:
    """Without a neutral class its probability is 0 and the score is P(positive)."""
    answer = read(scorer(["negative", "positive"]), sentiment=[0, 0])["sentiment"]
    assert answer.probabilities == {"negative": 0.5, "neutral": 0.0, "positive": 0.5}
    assert answer.score == 0.5


def test_a_higher_temperature_softens() -> None:
    """Calibration by temperature keeps the order and pulls probabilities together."""
    hard, soft = softmax(np.array([2.0, 0.0])), softmax(np.array([2.0, 0.0]), 4.0)
    assert hard[0] > soft[0] > 0.5


def test_other_heads_answer_in_their_own_form() -> None:
    """A binary head answers P(present), a head with classes its likeliest class, the embedding its numbers."""
    subject = scorer(
        heads={
            "subjectivity": Head("s", ("objective", "subjective")),
            "emotion": Head("e", ("anger", "joy")),
        },
        embedding=Embedding("v", "1"),
    )
    answers = read(subject, sentiment=[0, 9, 0], subjectivity=[0, 0], emotion=[0, 30], embedding=[0.25, -1])
    assert isinstance(answers["sentiment"], Sentiment)
    assert answers["subjectivity"] == 0.5
    assert answers["emotion"] == Classification(label="joy", score=1, probabilities={"anger": 0, "joy": 1})
    assert answers["embedding"] == [0.25, -1]


def test_readings_keep_order_and_truncation() -> None:
    """Each text gets its own row and its own mark."""
    rows = [{"sentiment": np.array(values, dtype=np.float32)} for values in ([9, 0, 0], [0, 0, 9])]
    first, second = scorer().read(rows, [True, False])
    labels = [reading.answers["sentiment"] for reading in (first, second)]
    assert [getattr(answer, "label", None) for answer in labels] == ["negative", "positive"]
    assert (first.truncated, second.truncated) == (True, False)
