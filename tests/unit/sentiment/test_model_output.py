"""What is kept of a pass."""

from pathlib import Path

import numpy as np

from services.sentiment.model_card import Embedding, Head, ModelCard
from services.sentiment.model_output import OutputBuilder, class_places
from services.sentiment.tokenizer import Tokens

HEADS = {
    "sentiment": Head("s", ("negative", "neutral", "positive")),
    "entities": Head("e", ("O", "B-person")),
    "irony": Head("i", ("no", "yes")),
}
CARD = ModelCard("m", None, Path(), "fp32", 16, HEADS, embedding=Embedding("v", "1"))


def test_a_reading_keeps_nothing_of_its_batch() -> None:
    """Logits are packed head after head and vectors copied: no array of a whole batch stays in memory."""
    batch = {
        name: np.ones((4, width), np.float32) for name, width in (("sentiment", 3), ("irony", 2), ("embedding", 8))
    }
    tags = np.zeros((4, 9, 2), np.float32)
    rows = [{**{name: values[i] for name, values in batch.items()}, "entities": tags[i]} for i in range(4)]
    tokens = Tokens((1, 2), (0, 0), truncated=True, offsets=[(0, 0), (0, 3)])
    readings = OutputBuilder(CARD).build(["Ann"] * 4, [tokens] * 4, rows)
    assert class_places(CARD) == {"sentiment": slice(0, 3), "irony": slice(3, 5)}
    for reading in readings:
        assert reading.embedding is not None
        assert reading.logits.shape == (5,)
        assert reading.logits.base is None
        assert reading.embedding.base is None
        assert (reading.entities, reading.truncated) == ((), True)


def test_a_reading_towards_a_target_keeps_its_classes_alone() -> None:
    """Embedding and entities are asked of the text alone, so a pair's would only fill the cache."""
    row = {
        "sentiment": np.ones(3, np.float32),
        "irony": np.ones(2, np.float32),
        "embedding": np.ones(8, np.float32),
        "entities": np.zeros((2, 2), np.float32),
    }
    tokens = Tokens((1, 2), (0, 0), offsets=[(0, 0), (0, 3)])
    alone, aimed = OutputBuilder(CARD).build(["Ann"] * 2, [tokens] * 2, [row] * 2, [False, True])
    assert (alone.embedding is None, alone.entities) == (False, ())
    assert (aimed.embedding, aimed.entities, aimed.logits.tolist()) == (None, None, alone.logits.tolist())


def test_a_model_without_a_head_leaves_its_place_empty() -> None:
    """No entities are not the same as no head for them, and an encoder has no logits at all."""
    card = ModelCard("m", None, Path(), "fp32", 16, {}, embedding=Embedding("v", "1"))
    (reading,) = OutputBuilder(card).build(["a"], [Tokens((1,), (0,))], [{"embedding": np.ones(2, np.float32)}])
    assert reading.logits.shape == (0,)
    assert reading.entities is None
