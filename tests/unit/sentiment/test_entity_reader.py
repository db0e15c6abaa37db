"""From tags of pieces to entities."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.entity_reader import EntityReader, Span, entities_of
from services.sentiment.model_folder import ModelFolder
from services.sentiment.normalisation import normalise
from services.sentiment.tokenizer import Tokenizer
from shared.analysis import ENTITY_TYPES

LABELS = ("O", *(f"{prefix}-{kind}" for kind in ENTITY_TYPES for prefix in "BI"))
READER = EntityReader(LABELS)


@pytest.fixture(scope="module")
def tokenizer(shipped: ModelFolder) -> Tokenizer:
    """Return a tokenizer that splits words into pieces."""
    return Tokenizer(shipped.tokenizer, 64, offsets=True)


def read(tokenizer: Tokenizer, text: str, tags: Sequence[str]) -> list[tuple[str, str]]:
    """Return types and texts of the entities, for a tag a piece; those of special tokens are wrong on purpose."""
    (tokens,) = tokenizer.encode([text], [None])
    numbers = [LABELS.index(tag) for tag in ("B-work", *tags, "B-work")]
    spans = READER.read(np.eye(len(LABELS), dtype=np.float32)[numbers], tokens.offsets, text)
    return [(span.type, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("text", "tags", "entities"),
    [
        ("ann saw bob", ["B-person", "O", "B-person"], [("person", "ann"), ("person", "bob")]),
        ("in new york now", ["O", "B-location", "I-location", "O"], [("location", "new york")]),
        ("ann bob", ["B-person", "B-person"], [("person", "ann"), ("person", "bob")]),
        ("ann york", ["B-person", "I-location"], [("person", "ann"), ("location", "york")]),
        ("in york", ["O", "I-location"], [("location", "york")]),
        ("ann and bob", ["B-person", "O", "I-person"], [("person", "ann"), ("person", "bob")]),
        ("zuckerberg", ["B-person", "O", "B-work"], [("person", "zuckerberg")]),
        ("zuckerberg", ["O", "B-person", "I-person"], []),
        ("coca-cola now", ["B-product", "O", "O", "O"], [("product", "coca-cola")]),
        ("#boston.", ["B-location", "O", "O"], [("location", "#boston")]),
        ("boston's fans", ["B-location", "O", "O", "O"], [("location", "boston")]),
        ("o'hare", ["B-location", "O", "O"], [("location", "o'hare")]),
        ("the u.s. won", ["O", "B-location", "O", "O", "O", "O"], [("location", "u.s.")]),
        ("ann, bob", ["B-person", "O", "I-person"], [("person", "ann"), ("person", "bob")]),
        ("nothing here", ["O", "O"], []),
    ],
)
def test_tags_become_entities(
    tokenizer: Tokenizer, text: str, tags: Sequence[str], entities: list[tuple[str, str]]
) -> None:
    """A word's first piece decides for the word, B- begins, I- continues its own type, else it begins."""
    assert read(tokenizer, text, tags) == entities


@given(text=st.text(max_size=40), seed=st.integers(0, 1000))
def test_entities_lie_within_any_text(tokenizer: Tokenizer, text: str, seed: int) -> None:
    """Whatever the tags and the script: spans are in range, in order, and hold no blank at their ends."""
    normalised = normalise(text)
    (tokens,) = tokenizer.encode([normalised], [None])
    logits = np.random.default_rng(seed).normal(size=(len(tokens), len(LABELS))).astype(np.float32)
    spans = READER.read(logits, tokens.offsets, normalised)
    end = 0
    for span in spans:
        assert end <= span.start < span.end <= len(normalised)
        found = normalised[span.start : span.end]
        assert found == found.strip()
        end = span.end
    entities = entities_of(text, spans)
    assert [text[entity.start : entity.end] for entity in entities] == [entity.text for entity in entities]
    assert [entity.start for entity in entities] == sorted({entity.start for entity in entities})


def test_entities_are_slices_of_the_text_as_sent() -> None:
    """Offsets count code points of what was sent; a placeholder stands for the whole that it replaced."""
    sent = "😡  @alice met\tBeyonce\u0301 https://t.co/x"
    normalised = normalise(sent)
    assert normalised == "😡 @user met Beyoncé"
    found = entities_of(sent, [Span("person", 2, 7), Span("person", 12, 19)])
    assert [(entity.text, entity.start, entity.end) for entity in found] == [
        ("@alice", 3, 9),
        ("Beyonce\u0301", 14, 22),
    ]


def test_entities_out_of_one_replaced_stretch_are_one() -> None:
    """Where a placeholder's parts were told apart, the text as sent has one entity."""
    found = entities_of("@alice!", [Span("person", 0, 1), Span("work", 1, 5)])
    assert [(entity.type, entity.text) for entity in found] == [("person", "@alice")]
