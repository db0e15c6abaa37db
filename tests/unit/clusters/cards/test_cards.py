"""What a card says, and what it must not say."""

from typing import Any

import numpy as np
import pytest

from services.clusters.bases.basis import Basis
from services.clusters.bases.fitted import fit_basis
from services.clusters.cards.cluster import ClusterCard, SmallCluster, told
from services.clusters.cards.description import Opinions, describe
from tests.unit.clusters.authors import author, table_of, two_kinds


def cards(people: list[dict[str, Any]], ids: list[int]) -> list[Any]:
    """Return the cards of a clustering."""
    table = table_of(people)
    return describe(fit_basis(table, Basis.BEHAVIOUR)[1], Opinions.of(table), np.array(ids), dict.fromkeys(ids, 0.9))


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
    people = [author(number, posts=number + 1, main_language="es" if number < 5 else "en") for number in range(25)]
    for number, row in enumerate(people):
        scores = [(9, 0.0), (1, 1.0), (0, None), (0, None), (0, None)]
        row["scored_posts"], row["mean_score"] = scores[number % 5]
    [card] = cards(people, [0] * 25)
    assert card.languages == {"en": 0.8, "es": 0.2}
    assert card.mean_score == pytest.approx(0.1)


def test_a_cluster_without_scores_has_no_mean() -> None:
    """Where nobody's posts were scored the mean score is None."""
    [card] = cards([author(n, posts=n + 1, scored_posts=0, mean_score=None) for n in range(6)], [0] * 6)
    assert card.mean_score is None


def test_fewer_than_five_authors_are_never_described() -> None:
    """A cluster of four shows its id alone, and so does the next larger one: else four would be what is left."""
    small, large, largest = cards(two_kinds(30), [0] * 4 + [1] * 6 + [2] * 20)
    assert isinstance(largest, ClusterCard)
    for cluster, card in enumerate((small, large)):
        assert card == SmallCluster(id=cluster)
        assert (card.size, card.share) == (None, None)


def test_what_few_members_speak_is_not_told() -> None:
    """Nor by what is left: the language of four is left out together with the next more frequent one."""
    languages = ["en"] * 10 + ["es"] * 6 + ["fr"] * 4
    [card] = cards([author(n, posts=n + 1, main_language=language) for n, language in enumerate(languages)], [0] * 20)
    assert card.languages == {"en": 0.5}


def test_a_score_of_few_members_is_not_told() -> None:
    """Nor by what is left of all scores: another cluster's is left out beside it."""
    people = [author(n, posts=n + 1, mean_score=0.5, scored_posts=1) for n in range(30)]
    for row in people[:8]:
        row |= {"mean_score": None, "scored_posts": 0}
    scores = [card.mean_score for card in cards(people, [0] * 10 + [1] * 8 + [2] * 12)]
    assert scores == [None, None, 0.5]


def test_cards_of_an_earlier_version_tell_no_more() -> None:
    """Sizes that it kept of small clusters are left out where cards are shown, with the card beside them."""
    made = cards(two_kinds(40), [0] * 8 + [1] * 12 + [2] * 20)
    kept = [SmallCluster(id=3, size=3, share=0.07), *made]
    assert told(kept) == [SmallCluster(id=3), SmallCluster(id=0), *made[1:]]
    assert told(made) == made


def test_a_figure_known_for_fewer_than_five_members_is_not_shown() -> None:
    """The mean of a feature that four members are known for would be nearly a person's: it is left out."""
    people = [
        author(number, posts=number + 1, followers=number if number < 4 or number > 9 else None) for number in range(35)
    ]
    first, second, third = cards(people, [0] * 10 + [1] * 10 + [2] * 15)
    for card in (first, second):
        assert card.centroid["followers"] is None
        assert "followers" not in {one.feature for one in card.distinctive}
    assert third.centroid["followers"] == pytest.approx(27)


def test_words_never_contradict_their_figures() -> None:
    """A feature whose plain mean points the other way than its scaled one is not called distinctive."""
    people = [author(number, likes=100) for number in range(10)] + [author(number, likes=0) for number in range(10, 19)]
    people.append(author(19, likes=10_000))
    for card in cards(people, [0] * 10 + [1] * 10):
        assert "likes_per_post" not in {one.feature for one in card.distinctive}
