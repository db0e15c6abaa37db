"""Figures of entities over exact spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.spans import WordSpan, entity_report, spans_of, words_of

TYPES = ("person", "location")
tags = st.lists(st.sampled_from(["O", "?", *(f"{prefix}-{kind}" for prefix in "BI" for kind in TYPES)]), max_size=12)


@pytest.mark.parametrize(
    ("found", "spans"),
    [
        ("O B-person I-person O", [WordSpan("person", 1, 2)]),
        ("B-person B-person", [WordSpan("person", 0, 0), WordSpan("person", 1, 1)]),
        ("O I-person I-person", [WordSpan("person", 1, 2)]),
        ("B-person I-location", [WordSpan("person", 0, 0), WordSpan("location", 1, 1)]),
        ("B-person O I-person", [WordSpan("person", 0, 0), WordSpan("person", 2, 2)]),
        ("B-person ? I-person", [WordSpan("person", 0, 0), WordSpan("person", 2, 2)]),
        ("", []),
    ],
)
def test_tags_are_read_as_conlleval_reads_them(found: str, spans: list[WordSpan]) -> None:
    """A B- starts an entity, an I- goes on with one of its type just before it, and starts one else."""
    assert spans_of(found.split()) == spans


@given(tags)
def test_spans_cover_the_tagged_words_once(found: list[str]) -> None:
    """Every word tagged with a type is in one span of that type, and no other word is in any."""
    covered = {word: span.type for span in spans_of(found) for word in range(span.first, span.last + 1)}
    assert covered == {place: tag[2:] for place, tag in enumerate(found) if "-" in tag}


@given(tags)
def test_spans_written_as_tags_are_read_again(found: list[str]) -> None:
    """Writing spans as B- and I- and reading them gives the same spans."""
    spans = spans_of(found)
    written = ["O"] * len(found)
    for span in spans:
        written[span.first : span.last + 1] = [f"B-{span.type}", *[f"I-{span.type}"] * (span.last - span.first)]
    assert spans_of(written) == spans


@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=8), st.data())
def test_entities_over_whole_words_are_spans_of_those_words(words: list[str], data: st.DataObject) -> None:
    """Offsets from the start of a word to the end of another name those words and the ones between."""
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start = len(" ".join(words[:first])) + (first > 0)
    end = len(" ".join(words[: last + 1]))
    assert words_of(words, [("person", start, end)]) == [WordSpan("person", first, last)]


def test_an_entity_inside_a_word_counts_for_the_word_and_a_second_one_there_does_not() -> None:
    """The corpus's words decide: two entities in one of them are one."""
    assert words_of(["in", "U.S.A", "now"], [("location", 3, 4), ("person", 7, 8)]) == [WordSpan("location", 1, 1)]


def test_an_entity_between_words_is_none() -> None:
    """Offsets that touch no word are left out."""
    assert words_of(["a", "b"], [("person", 1, 2), ("person", 3, 9)]) == []


def test_exact_spans_alone_count() -> None:
    """Of three expected, one is found, one has a wrong end, one is missed, one too many: P 1/3, R 1/3."""
    expected = [[WordSpan("person", 0, 1), WordSpan("location", 3, 3)], [WordSpan("person", 0, 0)]]
    predicted = [[WordSpan("person", 0, 1), WordSpan("location", 3, 4)], [WordSpan("location", 0, 0)]]
    figures = entity_report(expected, predicted, TYPES)
    assert (figures.overall.precision, figures.overall.recall) == pytest.approx((1 / 3, 1 / 3))
    assert figures.overall.f1 == pytest.approx(1 / 3)
    assert figures.types["person"].precision == 1
    assert figures.types["person"].recall == pytest.approx(1 / 2)
    assert figures.types["location"].f1 == 0


def test_types_that_the_corpus_does_not_label_are_no_mistakes() -> None:
    """A product found in a corpus of persons and locations is ignored."""
    figures = entity_report(
        [[WordSpan("person", 0, 0)]], [[WordSpan("person", 0, 0), WordSpan("product", 2, 2)]], TYPES
    )
    assert figures.overall.f1 == 1
    assert figures.types.keys() == set(TYPES)


def test_nothing_expected_and_nothing_found_is_zero() -> None:
    """Without any entity the figures are 0 and not an error."""
    assert entity_report([[]], [[]], TYPES).overall.f1 == 0
