"""Topics found in posts about known themes."""

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from services.clusters.bases.basis import CannotTrainError
from services.clusters.topics.discovery import Discovery, discover
from services.clusters.topics.model import NO_TOPIC, TopicModel
from services.clusters.topics.topic import TopicMethod
from tests.unit.clusters.topics.themed_posts import table_of, themed_posts

METHODS = list(TopicMethod)
Posts = Sequence[dict[str, Any]]


def found_in(
    posts: Posts, method: TopicMethod = TopicMethod.EMBEDDING, seed: int = 0, before: TopicModel | None = None
) -> Discovery:
    """Return the topics of posts."""
    return discover(lambda _stage, _done: None, table_of(posts), method, seed, before)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("themes", [3, 8])
def test_there_are_about_as_many_topics_as_themes(method: TopicMethod, themes: int) -> None:
    """Within a factor 2, and nearly every post is with others of its theme."""
    posts = themed_posts(themes, 480 // themes, seed=themes)
    discovery = found_in(posts, method)
    assert themes / 2 <= len(discovery.found.items) <= themes * 2
    ids = discovery.model.of(table_of(posts)).tolist()
    pairs = Counter(zip(ids, (post["theme"] for post in posts), strict=True))
    same = sum(max(pairs[topic, theme] for theme in range(themes)) for topic in set(ids))
    assert same >= 0.8 * len(posts)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_changes_nothing(method: TopicMethod) -> None:
    """The same posts and seed give the same topics."""
    posts = themed_posts(4, 50)
    first = found_in(posts, method)
    shuffled = sorted(posts, key=lambda post: post["text"])
    again = found_in(shuffled, method)
    assert again.found == first.found
    assert again.model.to_bytes() == first.model.to_bytes()


@pytest.mark.parametrize("method", METHODS)
def test_the_kept_model_tells_the_topics_that_were_counted(method: TopicMethod) -> None:
    """Of each post, also from its bytes; what says nothing has no topic."""
    posts = themed_posts(4, 50)
    discovery = found_in(posts, method)
    kept = TopicModel.from_bytes(discovery.model.to_bytes())
    ids = kept.of(table_of(posts)).tolist()
    assert Counter(ids) == {topic.id: topic.posts for topic in discovery.found.items}
    silent = {**posts[0], "text": "the of and 12", "embedding": None, "embedding_version": None}
    without_embedding = {**posts[0], "embedding": None, "embedding_version": None}
    other_version = {**posts[0], "embedding_version": "v2"}
    asked = kept.of(table_of([silent, without_embedding, other_version, posts[0]])).tolist()
    assert asked == [NO_TOPIC, ids[0], ids[0], ids[0]]


def test_bytes_that_are_no_topics_are_refused() -> None:
    """With a ValueError, whatever they are."""
    with pytest.raises(ValueError):
        TopicModel.from_bytes(b"nothing")


@pytest.mark.parametrize("method", METHODS)
def test_topics_keep_their_ids_from_run_to_run(method: TopicMethod) -> None:
    """Where they have the same posts, also with another seed and more posts; a new theme gets an id never used."""
    posts = themed_posts(5, 60)
    old = [post for post in posts if post["theme"] < 4]
    before = found_in(old, method)
    names = {topic.id: topic.terms[0].term for topic in before.found.items}
    after = found_in(posts, method, seed=3, before=before.model)
    kept = before.model.of(table_of(old)).tolist()
    now = after.model.of(table_of(old)).tolist()
    assert sum(one == other for one, other in zip(kept, now, strict=True)) >= 0.9 * len(old)
    new = Counter(after.model.of(table_of([post for post in posts if post["theme"] == 4])).tolist()).most_common(1)[0][
        0
    ]
    assert new not in names


def test_shares_and_terms_are_told_of_five_people_or_more() -> None:
    """A theme of four authors is no topic, their words are no terms, and its posts count with others'."""
    posts = themed_posts(4, 60)
    few = itertools.cycle(["one", "two", "three", "four"])
    posts = [post if post["theme"] else {**post, "author_key": next(few)} for post in posts]
    own = {word for post in posts if not post["theme"] for word in post["text"].split()}
    own -= {word for post in posts if post["theme"] for word in post["text"].split()}
    found = found_in(posts).found
    assert all(topic.authors >= 5 for topic in found.items)
    assert not own & {term.term for topic in found.items for term in topic.terms}
    assert sum(topic.posts for topic in found.items) == found.posts == len(posts)
    assert sum(topic.share for topic in found.items) == pytest.approx(1)


def test_what_is_told_is_json_without_nan() -> None:
    """Also where scores, languages and embeddings are missing here and there, and languages are mixed."""
    posts = themed_posts(3, 50)
    for number, post in enumerate(posts):
        if number % 7 == 0:
            post |= {"score": None, "language": None, "embedding": None, "embedding_version": None}
        if number % 5 == 0:
            post |= {"language": "de", "text": f"das ist nicht gut und {post['text']}"}
    for method in METHODS:
        found = found_in(posts, method).found
        told = json.loads(json.dumps(found.model_dump(mode="json"), allow_nan=False))
        assert told["npmi"] > 0.1
        assert 0.5 < told["diversity"] <= 1
        assert told["outliers"]["without_topic"] == 0
        assert "nicht" not in {term["term"] for topic in told["items"] for term in topic["terms"]}


def test_what_is_passed_on_counts_in_a_topic_but_makes_none() -> None:
    """A text that a hundred people repeat has one share in what topics are made of."""
    posts = themed_posts(3, 50)
    repeated = [{**posts[0], "post_key": f"repeat-{number}", "author_key": f"fan-{number}"} for number in range(100)]
    before, after = found_in(posts), found_in([*posts, *repeated])
    assert {topic.name for topic in after.found.items} == {topic.name for topic in before.found.items}
    assert after.found.posts == len(posts) + 100


@pytest.mark.parametrize(
    ("posts", "method", "sentence"),
    [
        ([], TopicMethod.LDA, "0 authors"),
        (themed_posts(2, 40, authors=4), TopicMethod.LDA, "topics need at least 10"),
        (themed_posts(2, 10), TopicMethod.LDA, "different posts"),
        (themed_posts(2, 10), TopicMethod.EMBEDDING, "different posts with an embedding"),
        ([{**post, "text": "delayed flight"} for post in themed_posts(2, 40)], TopicMethod.LDA, "1 different posts"),
        (
            [{**post, "embedding": [1.0] * 48} for post in themed_posts(2, 40)],
            TopicMethod.EMBEDDING,
            "1 different things",
        ),
        (
            [{**post, "embedding": None} for post in themed_posts(2, 40)],
            TopicMethod.EMBEDDING,
            "ask for lda",
        ),
        (
            [{**post, "text": f"word{number}"} for number, post in enumerate(themed_posts(2, 40))],
            TopicMethod.LDA,
            "0 different posts with words",
        ),
    ],
)
def test_posts_that_make_no_topics_are_said(posts: Posts, method: TopicMethod, sentence: str) -> None:
    """With a sentence that names what is missing."""
    with pytest.raises(CannotTrainError, match=sentence):
        found_in(posts, method)
