"""Terms that set classes of texts apart."""

import math
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.clusters.terms.class_terms import LEAST_TEXTS, WeightedTerm, class_terms
from services.clusters.terms.token_table import LEAST_PAIRS, TokenTable

WORDS = ["bag", "gate", "seat", "wifi", "#late"]
POSTS = st.lists(
    st.tuples(st.lists(st.sampled_from(WORDS), max_size=6), st.integers(0, 2), st.sampled_from("abcdefgh")), max_size=60
)


def terms_of(posts: list[tuple[list[str], int, str]]) -> dict[int, list[WeightedTerm]]:
    """Return the terms of posts that are given as tokens, class and author."""
    return class_terms([words for words, _, _ in posts], [of for _, of, _ in posts], [who for _, _, who in posts], 9)


def test_weights_are_class_based_tf_idf() -> None:
    """The figure is the paper's: share of the class's tokens times log(1 + A / f)."""
    people = [f"author {number}" for number in range(6)]
    documents = [["bag", "lost"]] * 6 + [["bag", "wifi", "wifi"]] * 6
    found = class_terms(documents, [0] * 6 + [1] * 6, people * 2, 5)
    mean = (12 + 18) / 2
    assert [term.term for term in found[0]] == ["lost", "bag"]
    assert [term.term for term in found[1]] == ["wifi", "bag"]
    assert math.isclose(found[0][0].weight, 6 / 12 * math.log1p(mean / 6))
    assert math.isclose(found[1][0].weight, 12 / 18 * math.log1p(mean / 12))
    assert math.isclose(found[1][1].weight, 6 / 18 * math.log1p(mean / 12))


def test_a_term_of_four_people_is_not_told() -> None:
    """However often they write it, and although others write it in another class."""
    people = list("abcdefgh")
    documents = [["bag", "wifi", "wifi"]] * 4 + [["bag"]] * 4 + [["wifi"]] * 8
    found = class_terms(documents, [0] * 8 + [1] * 8, people * 2, 5)
    assert [term.term for term in found[0]] == ["bag"]
    assert [term.term for term in found[1]] == ["wifi"]


def test_words_that_stand_together_are_one_term() -> None:
    """A collocation is told as a pair and its words only where they stand alone; hashtags are in none."""
    people = [f"author {number}" for number in range(LEAST_PAIRS)]
    documents = [["customer", "service", "#fail", f"word{number}"] for number in range(LEAST_PAIRS)]
    documents += [["gate", "service" if number < 2 else "seat"] for number in range(LEAST_PAIRS)]
    [terms] = class_terms(documents, [0] * 20, people * 2, 9).values()
    assert [term.term for term in terms] == ["#fail", "customer service", "gate", "seat"]


def test_pairs_do_not_reach_from_text_to_text() -> None:
    """The last word of one text and the first of the next are no neighbours, and no word is in two pairs."""
    table = TokenTable.of([["lost", "bag", "lost"]] * LEAST_PAIRS + [["seat"]] * 200).with_collocations()
    assert [table.words[place] for place in table.ids[:2]] == ["lost bag", "lost"]
    assert np.bincount(table.texts).tolist() == [2] * LEAST_PAIRS + [1] * 200


def test_texts_without_words_have_no_terms() -> None:
    """No texts, or texts of nothing, are no error."""
    assert class_terms([], [], [], 5) == {}
    assert class_terms([[], []], [0, 3], ["a", "b"], 5) == {0: [], 3: []}


@given(POSTS, st.randoms(use_true_random=False))
def test_the_order_of_the_texts_changes_nothing_and_five_wrote_each_term(
    posts: list[tuple[list[str], int, str]], random: Random
) -> None:
    """The same texts in another order give the same, to the last bit."""
    found = terms_of(posts)
    for kind, terms in found.items():
        for term in terms:
            writers = {who for words, of, who in posts if of == kind and set(term.term.split()) <= set(words)}
            assert len(writers) >= 5
    random.shuffle(posts)
    assert terms_of(posts) == found


def test_what_most_texts_of_every_class_have_tells_none_apart() -> None:
    """The brand's own name, however often; it is a term where there is one class, or where one has it seldom."""
    said = {0: "late", 1: "food"}
    documents = [["brand", f"#{number}", said[number % 2]] for number in range(4 * LEAST_TEXTS)]
    classes = [number % 2 for number in range(len(documents))]
    people = [str(number) for number in range(len(documents))]
    found = class_terms(documents, classes, people, 9)
    assert all("brand" not in {term.term for term in terms} for terms in found.values())
    assert "brand" in {term.term for term in class_terms(documents, [0] * len(documents), people, 9)[0]}
    rare = [words if of else ["late"] for words, of in zip(documents, classes, strict=True)]
    assert "brand" in {term.term for term in class_terms(rare, classes, people, 9)[1]}
