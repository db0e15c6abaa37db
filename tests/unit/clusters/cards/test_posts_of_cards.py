"""What cards tell of posts: terms, entities, categories, trends, days, names and examples."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clusters.cards.cluster import ClusterCard
from services.clusters.cards.post_summary import PostSummaries
from services.clusters.posts import PostTable
from tests.unit.clusters.authors import key
from tests.unit.clusters.posts.rows import row, table_of_posts

WORDS = {0: "guitar concert album", 1: "pasta recipe oven", 2: "church prayer gospel"}
DIRECTIONS = {0: [1.0, 0.0], 1: [0.0, 1.0], 2: [-1.0, -1.0]}
HOMES = {key(person): person % 3 for person in range(24)}


def said(person: int, number: int) -> str:
    """Return the words of a post: one of the three, by turns, and every other time a place that everybody writes of."""
    word = WORDS[person % 3].split()[(person // 3 + number) % 3]
    return f"the {word} is here" + (" and back in New York" if number % 2 else "")


def posts_of(people: int = 24, each: int = 4, **more: Any) -> list[dict[str, Any]]:
    """Return posts of people who write by turns about music, cooking and the church."""
    return [
        row(
            person * each + number,
            person,
            24 * number,
            text=said(person, number),
            embedding=DIRECTIONS[person % 3],
            embedding_version="made-up/1",
            **more,
        )
        for person in range(people)
        for number in range(each)
    ]


def summaries(rows: list[dict[str, Any]], examples: int = 0) -> PostSummaries:
    """Return what is told of the posts of three clusters."""
    return PostSummaries.made(PostTable.of_pages([table_of_posts(rows)]), HOMES, {0, 1, 2}, examples)


def test_terms_set_clusters_apart_and_sensitive_ones_are_not_told() -> None:
    """Each cluster has its own words; one that is about religion has none, no theme, no entity and no example."""
    found = summaries(posts_of(entities=[{"text": "New York", "type": "location"}]), examples=2)
    assert {term.term for term in found.find(0).terms[:3]} == {"album", "concert", "guitar"}
    assert {term.term for term in found.find(1).terms[:3]} == {"oven", "pasta", "recipe"}
    assert found.find(0).entities[0].text == "New York"
    church = found.find(2)
    assert (church.terms, church.theme, church.entities, church.examples) == ([], [], [], [])
    assert church.weekdays


def test_a_name_is_of_words_whose_meaning_lies_near_the_cluster() -> None:
    """A word that both clusters write in posts of the same meaning names neither before the words of its own."""
    found = summaries(posts_of())
    assert set(found.find(0).theme[:3]) == {"album", "concert", "guitar"}
    assert set(found.find(1).theme[:3]) == {"oven", "pasta", "recipe"}


def test_words_of_a_name_are_written_as_people_write_them() -> None:
    """With capitals, and with the word before where it belongs to it."""
    rows = posts_of()
    for number, post in enumerate(rows):
        post["text"] = post["text"].replace("guitar", "Guitar").replace("album", "Album" if number % 2 else "album")
    theme = summaries(rows).find(0).theme
    assert {"Guitar", "album", "concert"} == set(theme[:3])
    assert "New York" in theme
    assert "York" not in theme


def test_a_word_of_four_people_is_not_told() -> None:
    """Neither as a term nor as a word of a name, nor an entity that four named."""
    rows = posts_of()
    for post in rows:
        if post["author_key"] in {key(person) for person in (0, 3, 6, 9)}:
            post["text"] += " saxophone saxophone"
            post["entities"] = [{"text": "Zurich", "type": "location"}]
    music = summaries(rows).find(0)
    assert "saxophone" not in " ".join([*music.theme, *(term.term for term in music.terms)])
    assert music.entities == []


def test_a_trend_is_told_where_enough_people_wrote() -> None:
    """Scores that climb by the day are rising; days of four people are no points; two days are no trend."""
    rows = posts_of()
    for number, post in enumerate(rows):
        post["score"] = 0.2 + 0.2 * (number % 4) + 0.001 * (number % 7)
    trend = summaries(rows).find(0).trend
    assert trend is not None
    assert (trend.by, trend.words, len(trend.points)) == ("day", "rising", 4)
    assert trend.points[0].mean_score == pytest.approx(0.2, abs=0.01)
    assert summaries(posts_of(each=2)).find(0).trend is None
    assert summaries(posts_of(people=12)).find(0).trend is None


def test_what_the_model_cannot_read_counts_in_no_trend() -> None:
    """Posts of languages without support have no say in it."""
    assert summaries(posts_of(supported_language=False)).find(0).trend is None


def test_categories_are_shares_of_the_posts_that_have_one() -> None:
    """Those of fewer than five people are left out, and another beside."""
    rows = posts_of()
    for post in rows:
        post["category"] = "praise" if int(post["post_key"], 16) % 4 else "blame"
    told = {one.category: one.share for one in summaries(rows).find(0).categories}
    assert told == {"praise": 0.75, "blame": 0.25}


def test_examples_are_of_different_people_and_only_when_asked_for() -> None:
    """Keys of posts of the cluster, each of another person, none twice the same text, no reposts."""
    rows = posts_of()
    for number, post in enumerate(rows):
        post["text"] += f" evening garden festival number{'abcdefghijklmnopqrstuvwxyz'[number % 26] * 3}"
    keys = summaries(rows, examples=3).find(1).examples
    writers = [post["author_key"] for post in rows if post["post_key"] in keys]
    assert len(set(writers)) == len(keys) == 3
    assert {HOMES[writer] for writer in writers} == {1}
    assert summaries(rows).find(1).examples == []
    assert summaries([post | {"is_repost": True} for post in rows], examples=3).find(1).examples == []


def test_without_embeddings_a_name_is_made_of_words_that_others_do_not_write() -> None:
    """The share of the uses stands in for the meaning."""
    rows = [{name: value for name, value in post.items() if "embedding" not in name} for post in posts_of()]
    assert set(summaries(rows).find(0).theme[:3]) == {"album", "concert", "guitar"}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 23), st.integers(0, 200), st.sampled_from(["a1", "b2", None]), st.floats(0, 1)),
        max_size=80,
    ),
    st.randoms(use_true_random=False),
)
def test_no_figure_is_of_fewer_than_five_whatever_the_posts(
    drawn: list[tuple[int, int, str | None, float]], random: Any
) -> None:
    """Days, weekdays and categories; and the order of the posts changes nothing."""
    rows = [
        row(number, person, hours, category=category, score=score, text="late bag again")
        for number, (person, hours, category, score) in enumerate(drawn)
    ]
    found = summaries(rows)
    for cluster in range(3):
        inside = [post for post in rows if HOMES[post["author_key"]] == cluster]
        writers: Counter[str] = Counter()
        for category in ("a1", "b2"):
            writers[category] = len({post["author_key"] for post in inside if post["category"] == category})
        assert all(writers[one.category] >= 5 for one in found.find(cluster).categories)
        trend = found.find(cluster).trend
        for point in trend.points if trend else []:
            assert len({post["author_key"] for post in inside if post["hour"].date() == point.start}) >= 5
    random.shuffle(rows)
    assert summaries(rows) == found


def test_terms_of_earlier_runs_are_readable() -> None:
    """A run that kept bare words is read as terms without a weight."""
    card = {"id": 0, "name": "x", "size": 5, "share": 1.0, "centroid": {}, "distinctive": [], "mean_score": None}
    read = ClusterCard.model_validate(
        card | {"languages": {}, "top_terms": ["bag"], "top_categories": ["blame"], "stability": 1.0}
    )
    assert (read.top_terms[0].term, read.top_categories[0].category) == ("bag", "blame")


def test_posts_of_nobody_are_no_error() -> None:
    """A brand whose texts have expired has empty summaries."""
    found = summaries([])
    assert found.find(0).terms == []
    assert (found.find(1).trend, found.find(2).weekdays) == (None, {})
