"""Increments, posts and rollups as stored documents."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.encoding import (
    from_body,
    from_bucket,
    from_document,
    to_body,
    to_body_text,
    to_bucket,
    to_document,
    to_embedding,
)
from services.profiles.folding import Increment, combine_all, increment_of
from services.profiles.rollup import join_all, rollup_of
from shared.analysis import Analysis, Classification, Entity, Language
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import analysis, post, sentiment
from tests.unit.profiles.strategies import EMBEDDED_POSTS, INCREMENTS, POSTS


@settings(deadline=None)
@given(INCREMENTS)
def test_a_document_gives_back_its_increment(increment: Increment) -> None:
    """What is written as JSON and read again is the same increment."""
    assert from_document(json.loads(json.dumps(to_document(increment)))) == increment


@given(POSTS | EMBEDDED_POSTS)
def test_a_body_gives_back_its_post(one: AnalyzedPost) -> None:
    """What a store keeps of a post and reads again is the same post, but for its embedding, and adds the same."""
    body = json.loads(json.dumps(to_body(one)))
    read = from_body(body, to_embedding(one))
    without = {"analysis": {"embedding"}}
    assert read.model_dump(exclude=without) == one.model_dump(exclude=without)
    assert (read.analysis.embedding is None) == (one.analysis.embedding is None)
    assert increment_of(read) == increment_of(one)
    assert to_embedding(read) == to_embedding(one)
    assert json.loads(to_body_text(one)) == body


def test_a_body_has_all_of_an_analysis() -> None:
    """Every field that ingest may send comes back."""
    full = post(
        1,
        analyzed=Analysis(
            sentiment=sentiment(0.3),
            subjectivity=0.5,
            language=Language(code="en", confidence=0.9),
            entities=[Entity(text="Gate 3 🛫", type="location", start=2, end=10)],
            category=Classification(label="a.b", score=0.6, probabilities={"a.b": 0.6, "$set": 0.4}),
            emotion=Classification(label="joy", score=1.0, probabilities={"joy": 1.0}),
            offensive=0.1,
            irony=0.2,
            hate=0.0,
            truncated=True,
            supported_language=False,
        ),
        account=Account(followers=3, verified=False, age_months=7),
        likes=1,
        reposts=2,
        replies=3,
        is_repost=True,
        is_reply=True,
        voice="internal",
        text="line\nbreak \x00 🛫",
        key_version=9,
        author_is_unknown=True,
    )
    assert from_body(json.loads(json.dumps(to_body(full))), None) == full
    assert from_body(json.loads(to_body_text(full)), None) == full


def test_a_body_holds_no_embedding() -> None:
    """The numbers of an embedding are kept as bytes beside the body, and nowhere in it."""
    one = post(1, analyzed=analysis(embedding=[3.0, 4.0]), embedding_version="v1")
    assert "embedding" not in to_body(one)["analysis"]
    assert to_embedding(one) == bytes([76, 102])
    assert to_embedding(post(1)) is None


@given(st.lists(EMBEDDED_POSTS, min_size=1, max_size=6))
def test_a_document_leaves_embeddings_to_rows_of_their_own(posts: list[AnalyzedPost]) -> None:
    """Whoever reads a profile's document without its sums has everything else; with them it is whole."""
    folded = combine_all(map(increment_of, posts))
    document = json.loads(json.dumps(to_document(folded)))
    assert "embeddings" not in document
    assert from_document(document).embeddings == {}
    assert from_document({**document, "brand": "acme"}, folded.embeddings) == folded


@given(st.lists(EMBEDDED_POSTS, max_size=6))
def test_a_bucket_gives_back_its_rollup(posts: list[AnalyzedPost]) -> None:
    """What is written of an hour and read again with its sketch is the same."""
    rollup = join_all(rollup_of(one.author_key, increment_of(one)) for one in posts)
    document = json.loads(json.dumps(to_bucket(rollup)))
    assert "authors" not in document
    assert from_bucket({**document, "brand": "acme"}, rollup.authors) == rollup
