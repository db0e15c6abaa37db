"""Embeddings of one version have one length."""

import pytest

from services.profiles.stores.fold import refuse_other_lengths
from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError
from tests.unit.profiles.posts import analysis, post


def of(number: int, length: int, version: str = "v1") -> AnalyzedPost:
    """Return a post whose embedding has that many numbers."""
    return post(number, analyzed=analysis(embedding=[1.0] * length), embedding_version=version)


def test_the_first_post_sets_the_length_of_a_new_version() -> None:
    """Lengths of versions that nobody knew are returned, those known already are not."""
    assert refuse_other_lengths([of(1, 3), of(2, 3), of(3, 5, "v2"), post(4)], {}) == {"v1": 3, "v2": 5}
    assert refuse_other_lengths([of(1, 3), of(3, 5, "v2")], {"v1": 3}) == {"v2": 5}
    assert refuse_other_lengths([], {}) == {}
    assert refuse_other_lengths([post(1)], {"v1": 3}) == {}


@pytest.mark.parametrize(("known", "place"), [({"v1": 4}, 1), ({}, 2)])
def test_another_length_is_named_with_its_place(known: dict[str, int], place: int) -> None:
    """The message and the location say which post it is, what it has and what the version has."""
    posts = [post(0), of(1, 3), of(2, 4), of(3, 9, "v2")]
    with pytest.raises(InputError, match=f"embedding of post {place} has") as refused:
        refuse_other_lengths(posts, known)
    assert refused.value.loc == ("body", "posts", place, "analysis", "embedding")
    assert "version v1 have" in refused.value.detail


def test_nothing_known_is_changed() -> None:
    """What the caller knows stays the caller's."""
    known = {"v1": 3}
    refuse_other_lengths([of(1, 5, "v2")], known)
    assert known == {"v1": 3}
