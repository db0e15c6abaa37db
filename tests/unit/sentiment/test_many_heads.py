"""A model with every kind of head behind the whole way of a request, with known answers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.sentiment import batch_reader, entity_reader
from services.sentiment.normalisation import normalise, normalise_traced
from services.sentiment.request import FEATURES
from shared.analysis import Analysis
from shared.errors import ConflictError, InputError, SettingsError
from shared.rewriting import Traced
from tests.unit.sentiment.conftest import TinyModel
from tests.unit.sentiment.many_heads import corners, opened, request
from tests.unit.sentiment.multi_head import CARD, DIMENSIONS, TAGS, write_many


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the model's folder."""
    return write_many(tmp_path)


async def test_every_head_answers_its_feature(folder: Path) -> None:
    """All features at once come out of one pass; a head that the model lacks is null."""
    async with opened(folder) as (resources, seen):
        (answer,) = await resources.analyzer.analyze(request("good joke ann", features=" ".join(FEATURES)))
    assert answer.model_dump().keys() == answer.model_dump(exclude_unset=True).keys()
    assert answer.sentiment is not None
    assert answer.sentiment.label == "positive"
    assert answer.irony == pytest.approx(0.982014)
    assert answer.category is not None
    assert answer.category.probabilities.keys() == {"Bags", "Delay", "Other"}
    assert answer.embedding == pytest.approx([0.948683, 0, 0, 0.316228], abs=1e-6)
    assert answer.entities is not None
    assert [(entity.text, entity.type, entity.start, entity.end) for entity in answer.entities] == [
        ("ann", "person", 10, 13)
    ]
    assert (answer.subjectivity, answer.emotion, answer.offensive, answer.hate) == (None, None, None, None)
    assert len(seen) == 1


async def test_entities_point_into_the_text_as_sent(folder: Path) -> None:
    """Offsets are those of what was sent, through links, accents and placeholders; each text has its own."""
    texts = ["😡 https://t.co/x  @bob saw Ann\n Lee in New York", "ann lee in new york", "late"]
    async with opened(folder) as (resources, _):
        answers = await resources.analyzer.analyze(request(*texts, features="entities"))
    found = [[(e.text, e.type) for e in answer.entities or ()] for answer in answers]
    assert found == [
        [("@bob", "person"), ("Ann\n Lee", "person"), ("New York", "location")],
        [("ann lee", "person"), ("new york", "location")],
        [],
    ]
    for text, answer in zip(texts, answers, strict=True):
        assert all(text[e.start : e.end] == e.text for e in answer.entities or ())
    assert answers[2].entities == []


async def test_a_target_decides_the_sentiment_alone(folder: Path) -> None:
    """With a target the sentiment is that towards it, out of a pass over the pair; the rest is of the text alone."""
    async with opened(folder) as (resources, seen):
        answers = await resources.analyzer.analyze(
            request("bad", "bad", features="sentiment embedding", targets=["ann", None])
        )
        assert [answer.sentiment.label for answer in answers if answer.sentiment] == ["positive", "negative"]
        assert answers[0].embedding == answers[1].embedding
        assert sorted(len(tokens) for tokens in seen) == [3, 5]
        seen.clear()
        await resources.analyzer.analyze(request("late", features="sentiment", targets=["ann"]))
        await resources.analyzer.analyze(request("late joke", features="irony", targets=["ann"]))
        assert [len(tokens) for tokens in seen] == [5, 4]


async def test_texts_of_any_lengths_keep_their_order(folder: Path) -> None:
    """Whatever runs with what, by length: each text gets its own answer."""
    texts = ("so late " * 40, "good", "late " * 30, "bad", "so good joke ann")
    async with opened(folder) as (resources, _):
        together = await resources.analyzer.analyze(request(*texts, features="sentiment irony embedding"))
        alone = [
            await resources.analyzer.analyze(request(text, features="sentiment irony embedding")) for text in texts
        ]
    assert together == [answer for answers in alone for answer in answers]


async def test_a_target_is_cleaned_like_a_text(folder: Path) -> None:
    """A target that is a handle becomes the placeholder, one that is a link alone is no target."""
    async with opened(folder) as (resources, seen):
        await resources.analyzer.analyze(request("bad", "late", targets=["@somebody", "https://t.co/x"]))
    assert sorted(len(tokens) for tokens in seen) == [3, 6]


async def test_what_is_not_asked_for_is_not_run(folder: Path) -> None:
    """Language alone needs no model, nor does a feature that the model lacks."""
    async with opened(folder) as (resources, seen):
        (answer,) = await resources.analyzer.analyze(request("so late", features="language emotion"))
    assert answer.language is not None
    assert answer.emotion is None
    assert not seen


async def test_a_pass_answers_whatever_is_asked_later(folder: Path) -> None:
    """The cache holds what a pass gave: other features of the same text cost no second pass, and agree."""
    texts = ("good ann", "late", "New  York")
    everything = "sentiment irony category entities embedding"
    async with opened(folder) as (resources, seen):
        await resources.analyzer.analyze(request(*texts))
        assert len(seen) == 3
        later = await resources.analyzer.analyze(request(*texts, features=everything))
        vectors = await resources.analyzer.embed(texts)
        assert len(seen) == 3
    async with opened(folder, cache_texts=0) as (resources, seen):
        assert await resources.analyzer.analyze(request(*texts, features=everything)) == later
        assert len(seen) == 3
    np.testing.assert_allclose(vectors, [answer.embedding or [] for answer in later], atol=1e-6)


async def test_texts_are_embedded_in_order(folder: Path) -> None:
    """Embeddings have length 1, a row a text, links left out; no texts give no rows of the same length."""
    async with opened(folder) as (resources, _):
        vectors = await resources.analyzer.embed(["bad https://t.co/x", "good", "bad", "joke"])
        nothing = await resources.analyzer.embed([])
        assert resources.analyzer.embedding_version == "many-1"
        assert resources.batcher.admission.held == 0
    np.testing.assert_allclose(
        vectors, [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], atol=1e-6
    )
    assert vectors.dtype == np.float32
    assert nothing.shape == (0, DIMENSIONS)


async def test_a_category_set_takes_the_heads_place(folder: Path) -> None:
    """With a set the category is the set's, asked for or not; a text without is answered by the head."""
    async with opened(folder) as (resources, _):
        added = await resources.analyzer.analyze(request("bad", "good", category_set=corners()))
        own = await resources.analyzer.analyze(request("late", features="category"))
    assert [answer.category.label for answer in added if answer.category] == ["second", "first"]
    assert added[0].model_dump(exclude_unset=True).keys() == {
        "sentiment",
        "category",
        "truncated",
        "supported_language",
    }
    assert own[0].category is not None
    assert own[0].category.label == "Delay"


async def test_a_category_set_of_other_embeddings_is_refused(folder: Path) -> None:
    """Embeddings of different versions are never mixed: the set has to be made anew."""
    other = corners(embedding_version="many-0")
    async with opened(folder) as (resources, seen):
        with pytest.raises(ConflictError, match="'corners' was trained on embeddings many-0"):
            await resources.analyzer.analyze(request("bad", category_set=other))
    assert not seen


async def test_a_category_set_of_another_length_is_refused(folder: Path) -> None:
    """A set that bears the embeddings' version and yet reads vectors of another length is a conflict, no crash."""
    other = corners(coefficients=np.eye(2, DIMENSIONS + 1, dtype=np.float32))
    async with opened(folder) as (resources, seen):
        with pytest.raises(ConflictError, match="'corners' reads 5 numbers of an embedding, but the model gives 4"):
            await resources.analyzer.analyze(request("bad", category_set=other))
    assert not seen


async def test_embeddings_need_not_be_remembered(folder: Path) -> None:
    """What was embedded without remembering is read again, and has pushed nothing out."""
    async with opened(folder, cache_texts=1) as (resources, seen):
        await resources.analyzer.analyze(request("good"))
        await resources.analyzer.embed(["bad"], remember=False)
        await resources.analyzer.analyze(request("good"))
        assert len(seen) == 2


async def test_each_different_text_is_normalised_and_aligned_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that stands ten times in a request costs as much as once, beside its answers."""
    normalised: list[str] = []
    aligned: list[str] = []

    def seen_normalise(text: str) -> str:
        normalised.append(text)
        return normalise(text)

    def seen_traced(text: str, normalised: str | None) -> Traced:
        aligned.append(text)
        return normalise_traced(text, normalised)

    monkeypatch.setattr(batch_reader, "normalise", seen_normalise)
    monkeypatch.setattr(entity_reader, "normalise_traced", seen_traced)
    async with opened(folder) as (resources, _):
        answers = await resources.analyzer.analyze(request(*["so  Ann"] * 10, features="sentiment entities"))
    assert normalised == aligned == ["so  Ann"]
    assert [answer.entities[0].start for answer in answers if answer.entities] == [4] * 10


async def test_without_embeddings_there_are_no_category_sets(tiny_model: TinyModel) -> None:
    """A model that gives no embedding answers null for it, and says why nothing can be built on it."""
    async with opened(tiny_model()) as (resources, _):
        (answer,) = await resources.analyzer.analyze(request("good", features="embedding"))
        assert (answer.embedding, resources.analyzer.embedding_version) == (None, None)
        with pytest.raises(InputError, match="gives no embeddings"):
            await resources.analyzer.embed(["good"])
        with pytest.raises(InputError, match="gives no embeddings"):
            await resources.analyzer.analyze(request("good", category_set=corners()))


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (
            {"entities": {"output": "entities", "labels": [*TAGS, "B-work"]}},
            r"'entities' answers \(8, 5\) .* needed is \(8, 6\)",
        ),
        (
            {"entities": {"output": "irony", "labels": ["O", "B-work"]}},
            r"'entities' answers \(2,\) classes a token",
        ),
        (
            {"irony": {"output": "entities", "labels": ["no", "yes"]}},
            r"'irony' answers \(8, 5\) classes a text",
        ),
    ],
)
async def test_heads_of_another_shape_forbid_the_start(tmp_path: Path, heads: Any, message: str) -> None:
    """The warm-up finds an output that is not what config.json says, also by token."""
    folder = write_many(tmp_path, heads=CARD["heads"] | heads)
    with pytest.raises(SettingsError, match=f"^SENTIMENT_MODEL: the head {message}"):
        async with opened(folder):
            pytest.fail("started")


async def test_analyses_have_no_room_for_other_features(folder: Path) -> None:
    """What was asked twice is answered once, and nothing else is set."""
    asked = replace(request("good"), features=["irony", "irony"])
    async with opened(folder) as (resources, _):
        (answer,) = await resources.analyzer.analyze(asked)
    assert answer.model_dump(exclude_unset=True).keys() == {"irony", "truncated", "supported_language"}
    assert isinstance(answer, Analysis)
