"""What each cluster writes about, its communities and its audience."""

import numpy as np
import pytest

from services.clusters.catalog.audience import audience, keyword_list
from services.clusters.catalog.interests import ClusteredPosts, RunInterests, interests_of
from shared.small_groups import LEAST_PEOPLE

TALK = {
    0: [["late", "delay"], ["lounge", "#travel"]],
    1: [["luggage", "lost"], ["luggage", "#bags"]],
}
Row = tuple[str, int, list[str], int, str | None, list[float]]


def rows(people: int = 60) -> list[Row]:
    """Return posts of two clusters, each with two communities that write of their own, at hours of their own."""
    found: list[Row] = []
    for person in range(2 * people):
        cluster, group = person % 2, person // 2 % 2
        direction = np.eye(4)[2 * cluster + group] + 0.01 * (person % 7)
        for post in range(2):
            words = TALK[cluster][group] + [f"word{person}"]
            language = "de" if person < LEAST_PEOPLE - 1 else "en"
            found.append((f"{person:032x}", cluster, words, 8 + group + post * 0, language, direction.tolist()))
    return found


def interests(of: list[Row]) -> RunInterests:
    """Return the interests of posts."""
    authors, clusters, tokens, hours, languages, vectors = zip(*of, strict=True)
    posts = ClusteredPosts(
        authors, np.array(clusters), tokens, np.array(hours), languages, np.array(vectors, dtype=np.float32)
    )
    return interests_of(posts, "m1")


def test_each_cluster_has_its_terms_hashtags_hours_and_direction() -> None:
    """The mean direction of a cluster is nearer to its own people than to the other's."""
    found = interests(rows())
    first, second = found.clusters
    assert {term.term for term in first.terms} == {"late delay", "lounge"}
    assert [tag.term for tag in second.hashtags] == ["#bags"]
    assert sorted(first.hours) == [8, 9]
    assert first.direction is not None
    assert second.direction is not None
    assert found.overall_direction is not None
    assert float(first.direction @ np.array([1, 1, 0, 0])) > float(second.direction @ np.array([1, 1, 0, 0]))
    assert found.of(2) is None


def test_communities_are_groups_that_write_of_their_own() -> None:
    """Each with its theme, its hashtags and its hours."""
    (one, other) = interests(rows()).clusters[0].communities
    assert {one.people, other.people} == {30}
    assert {tuple(one.hours), tuple(other.hours)} == {(8,), (9,)}
    assert {" ".join(one.theme), " ".join(other.theme)} == {"late delay", "lounge"}


def test_the_order_of_posts_does_not_matter() -> None:
    """The same people, the same interests."""
    mixed = rows()
    assert interests(mixed[::2] + mixed[1::2][::-1]) == interests(rows())


def test_nothing_is_told_of_fewer_than_five_people() -> None:
    """Neither their words nor their languages nor the mean of their embeddings."""
    few = interests(rows(LEAST_PEOPLE - 1)).clusters[0]
    assert (few.terms, few.hashtags, few.languages, few.hours, few.communities) == ([], [], {}, [], [])
    assert few.vector is None
    assert "de" not in interests(rows()).clusters[0].languages


def test_posts_without_embeddings_still_have_words() -> None:
    """Products and communities need embeddings, audiences do not."""
    authors, clusters, tokens, hours, languages, _ = zip(*rows(), strict=True)
    found = interests_of(ClusteredPosts(authors, np.array(clusters), tokens, np.array(hours), languages, None), None)
    assert found.overall is None
    assert [term.term for term in found.clusters[1].terms] == ["luggage", "luggage lost"]
    holes = np.full((len(authors), 4), np.nan, dtype=np.float32)
    assert interests_of(
        ClusteredPosts(authors, np.array(clusters), tokens, np.array(hours), languages, holes), "m1"
    ).clusters == found.clusters  # fmt: skip


@pytest.mark.parametrize("word", ["cancer", "muslim", "republican", "#gay"])
def test_no_sensitive_term_reaches_an_audience(word: str) -> None:
    """Neither as a term nor as a hashtag nor as the theme of a community."""
    told = [(author, cluster, [*words, word], *rest) for author, cluster, words, *rest in rows()]
    found = audience(interests(told).clusters[0], "Late")  # type: ignore[arg-type] # rows with a word more
    assert word not in found.model_dump_json()


def test_an_audience_is_a_keyword_list_for_advertisements() -> None:
    """One keyword a line, the weightiest first."""
    found = audience(interests(rows()).clusters[1], "Bags")
    lines = keyword_list(found).splitlines()
    assert lines == ["#bags", "luggage", "luggage lost"]
