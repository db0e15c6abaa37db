"""What a card says, and what it must not say."""

from typing import Any

import numpy as np
import pytest

from services.clusters.cards import Opinions, describe
from services.clusters.cluster import ClusterCard, SmallCluster
from services.clusters.matrix import behaviour_of
from tests.unit.clusters.authors import author, table_of, two_kinds


def cards(people: list[dict[str, Any]], ids: list[int]) -> list[Any]:
    """Return the cards of a clustering."""
    table = table_of(people)
    return describe(behaviour_of(table), Opinions.of(table), np.array(ids), dict.fromkeys(ids, 0.9))


def test_a_card_tells_size_share_means_and_words() -> None:
    """Figures are means in the features' own units, words name the strongest difference."""
    friendly, angry = cards(two_kinds(40), [number % 2 for number in range(40)])
    assert isinstance(angry, ClusterCard)
    assert (angry.id, angry.size, angry.share, angry.stability) == (1, 20, 0.5, 0.9)
    assert angry.centroid["negative_share"] is not None
    assert 0.7 < angry.centroid["negative_share"] <= 1.0
    assert angry.centroid["posts"] == pytest.approx(np.mean([row["posts"] for row in two_kinds(40)[1::2]]))
    posts = next(one for one in angry.distinctive if one.feature == "posts")
    assert posts.z > 0.9
    assert posts.cluster_mean > posts.overall_mean
    assert posts.words.startswith("posts ")
    assert angry.name != friendly.name
    assert [abs(one.z) for one in angry.distinctive] == sorted((abs(one.z) for one in angry.distinctive), reverse=True)


def test_languages_are_shares_and_the_score_is_weighted_by_scored_posts() -> None:
    """Main languages are counted by author; an author of nine scored posts weighs nine times one of one."""
    people = [author(number, posts=number + 1, main_language="en" if number else "es") for number in range(5)]
    people[0] |= {"scored_posts": 9, "mean_score": 0.0}
    people[1] |= {"scored_posts": 1, "mean_score": 1.0}
    for row in people[2:]:
        row |= {"scored_posts": 0, "mean_score": None}
    [card] = cards(people, [0] * 5)
    assert card.languages == {"en": 0.8, "es": 0.2}
    assert card.mean_score == pytest.approx(0.1)


def test_a_cluster_without_scores_has_no_mean() -> None:
    """Where nobody's posts were scored the mean score is None."""
    [card] = cards([author(n, posts=n + 1, scored_posts=0, mean_score=None) for n in range(6)], [0] * 6)
    assert card.mean_score is None


def test_fewer_than_five_authors_are_never_described() -> None:
    """A cluster of four shows its id, size and share, and nothing else."""
    small, large = cards(two_kinds(20), [0] * 4 + [1] * 16)
    assert isinstance(small, SmallCluster)
    assert set(small.model_dump()) == {"id", "size", "share", "described"}
    assert isinstance(large, ClusterCard)


def test_a_figure_known_for_fewer_than_five_members_is_not_shown() -> None:
    """The mean of a feature that four members are known for would be nearly a person's: it is left out."""
    people = [
        author(number, posts=number + 1, followers=number if number < 4 or number > 9 else None) for number in range(20)
    ]
    first, second = cards(people, [0] * 10 + [1] * 10)
    assert first.centroid["followers"] is None
    assert "followers" not in {one.feature for one in first.distinctive}
    assert second.centroid["followers"] == pytest.approx(14.5)


def test_words_never_contradict_their_figures() -> None:
    """A feature whose plain mean points the other way than its scaled one is not called distinctive."""
    people = [author(number, likes=100) for number in range(10)] + [author(number, likes=0) for number in range(10, 19)]
    people.append(author(19, likes=10_000))
    for card in cards(people, [0] * 10 + [1] * 10):
        assert "likes_per_post" not in {one.feature for one in card.distinctive}
