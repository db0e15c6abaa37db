"""How good topics are, against the definitions read off word by word."""

import math
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.clusters.terms.coherence import TOP_WORDS, WINDOW, coherent_words, diversity, mean_npmi, npmi
from services.clusters.terms.token_table import TokenTable

WORDS = st.sampled_from("abcdefgh")
TEXTS = st.lists(st.lists(WORDS, max_size=25), min_size=1, max_size=12)


def defined(documents: Sequence[Sequence[str]], topic: Sequence[str], all_words: set[str] | None = None) -> float:
    """Return the mean NPMI of the pairs as gensim's documentation of `c_npmi` tells it."""
    windows = [
        set(document[first : first + WINDOW])
        for document in documents
        if document and (all_words is None or all_words & set(document))
        for first in range(max(1, len(document) - WINDOW + 1))
    ]

    def share(*words: str) -> float:
        return sum(set(words) <= window for window in windows) / len(windows)

    values = []
    for one, other in combinations(topic, 2):
        together = share(one, other) + 1e-12
        if together >= 1:
            values.append(1.0)  # the limit of words that are always together
            continue
        values.append(math.log(together / (share(one) * share(other))) / -math.log(together))
    return sum(values) / len(values)


@given(TEXTS)
def test_npmi_is_that_of_the_definition(documents: list[list[str]]) -> None:
    """Over sliding windows of ten tokens, of all texts or of those with a word of some topic."""
    present = sorted({word for document in documents for word in document})
    topics = [topic for topic in (present[:4], present[3:7]) if len(topic) > 1]
    assume(bool(topics))
    found = npmi(TokenTable.of(documents), topics)
    words = {word for topic in topics for word in topic}
    among = npmi(TokenTable.of(documents), topics, of_all=False)
    for topic, value, told in zip(topics, found, among, strict=True):
        assert value == pytest.approx(defined(documents, topic), abs=1e-6)
        assert told == pytest.approx(defined(documents, topic, words), abs=1e-6)


def test_words_further_apart_than_a_window_are_not_together() -> None:
    """Ten tokens hold both ends, eleven do not."""
    near = ["x", *"........", "y"]
    far = ["x", *".........", "y"]
    other = [["z", "z"]] * 4
    (near_value,) = npmi(TokenTable.of([near, *other]), [["x", "y", "z"][:2]])
    (far_value,) = npmi(TokenTable.of([far, ["x", "z"], *other]), [["x", "y"]])
    assert near_value is not None
    assert far_value is not None
    assert near_value > 0 > far_value


def test_a_topic_without_a_pair_has_no_coherence() -> None:
    """Neither one of a single word nor one of words that no text has; the mean passes them over."""
    table = TokenTable.of([["x", "y"], ["z"]])
    found = npmi(table, [["x"], ["unknown", "other"], ["x", "y"]])
    assert found[:2] == [None, None]
    assert mean_npmi(found) == found[2]
    assert mean_npmi([None]) is None
    assert npmi(TokenTable.of([]), [["x", "y"]]) == [None]


def test_diversity_is_the_share_of_different_words() -> None:
    """Of the first ten words of each topic."""
    assert diversity([["x", "y"], ["y", "z"]]) == 0.75
    assert diversity([["x"], ["y"]]) == 1.0
    assert diversity([[], []]) is None
    assert diversity([[f"{place}" for place in range(TOP_WORDS)] + ["x"], ["x"]]) == 1.0


def test_words_that_do_not_belong_go_first() -> None:
    """What is left are ten words in the order they had."""
    told = [f"word{place}" for place in range(TOP_WORDS)]
    documents = [told, [*told[:5], "filler"], *([["name", "filler"]] * 20)]
    assert coherent_words(TokenTable.of(documents), [["name", *told]]) == [told]
    assert coherent_words(TokenTable.of(documents), [told[:3]]) == [told[:3]]
