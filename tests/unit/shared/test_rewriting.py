"""Rules that rewrite texts, plainly and with positions."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import rewriting
from shared import text as text_module
from shared.rewriting import MARKS, Composition, Replacement, RewriteRule, SingleBlanks, Traced
from shared.text import MOST_MARKS, clean, clean_traced
from tests.unit.shared.test_text import TEXTS

RULES: list[RewriteRule] = [
    Composition(),
    SingleBlanks(),
    Replacement(re.compile("ab+"), "x"),
    Replacement(re.compile("(a)(b)"), r"\2\1"),
    Replacement(re.compile("[ab]"), lambda match: match[0].upper() * 3),
    Replacement(re.compile("a"), ""),
]
ACCENTED = st.text("abe \u0301\u0323\u0338\u00e9\u1100\u1161\u11a8\uac00\u0b47\u0b3e\u1025\u102e\t😡", max_size=30)
HEAPS = st.builds(lambda mark, times: mark * times, st.sampled_from("\u0301\u0323\u0344\u05b0"), st.integers(25, 90))


@given(st.one_of(ACCENTED, st.text(max_size=30)), st.lists(st.sampled_from(RULES), max_size=6))
def test_tracing_gives_the_same_text_and_a_place_for_each_character(text: str, rules: list[RewriteRule]) -> None:
    """Whatever rules run: the texts are equal, and each character has a stretch of the first text, in their order."""
    plain, traced = text, Traced.of(text)
    for rule in rules:
        plain, traced = rule.apply(plain), traced.apply(rule)
    assert traced.text == plain
    assert len(traced.starts) == len(traced.ends) == len(plain)
    assert all(0 <= start < end <= len(text) for start, end in zip(traced.starts, traced.ends, strict=True))
    assert list(traced.starts) == sorted(traced.starts)
    assert list(traced.ends) == sorted(traced.ends)


@given(st.one_of(TEXTS, ACCENTED))
def test_tracing_cleans_as_cleaning_does(text: str) -> None:
    """The traced form of cleaning gives the plain form's text."""
    assert clean_traced(Traced.of(text)).text == clean(text)


@given(st.lists(st.one_of(st.text("e\u0301\u0323\u0344\u0591\U0001d165 ", max_size=5), HEAPS), max_size=5).map("".join))
def test_marks_beyond_thirty_in_a_row_are_dropped(text: str) -> None:
    """However many marks a letter bears, what is left is normal, has 30 in a row at most, and traces to its place."""
    cleaned = clean(text)
    runs = re.findall(f"{MARKS}+", cleaned)
    assert max(map(len, runs), default=0) <= MOST_MARKS
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned
    traced = clean_traced(Traced.of(text))
    assert traced.text == cleaned
    assert all(start < end for start, end in zip(traced.starts, traced.ends, strict=True))


def test_a_heap_of_marks_costs_little() -> None:
    """Marks are dropped before any is put into order: a text of nothing else is rewritten as a short one."""
    composed: list[int] = []

    class Watched(Composition):
        def apply(self, text: str) -> str:
            composed.append(len(text))
            return super().apply(text)

    rules = [Watched() if isinstance(rule, Composition) else rule for rule in text_module._RULES]
    text = "a" + "\u0301\u0323" * 5_000
    for rule in rules:
        text = rule.apply(text)
    assert composed == [31]


def test_the_class_of_marks_is_that_of_this_unicode() -> None:
    """Every character that combines is in it, and no other."""
    pattern = re.compile(MARKS)
    everything = map(chr, range(sys.maxunicode + 1))
    assert all(bool(unicodedata.combining(one)) == bool(pattern.match(one)) for one in everything)


@pytest.mark.parametrize(
    ("text", "rule", "found", "origin"),
    [
        ("see @bob now", Replacement(re.compile(r"@\w+"), "@user"), "user", (4, 8)),
        ("a  \n b", SingleBlanks(), " ", (1, 5)),
        ("  b", SingleBlanks(), "b", (2, 3)),
        ("cafe\u0301!", Composition(), "é", (3, 5)),
        ("cafe\u0301!", Composition(), "!", (5, 6)),
        ("\u1100\u1161\u11a8\u1100\u1161", Composition(), "가", (3, 5)),
        ("\u0b47\u0b3e.", Composition(), "\u0b4b", (0, 2)),
        ("😡 @bob", Replacement(re.compile(r"@\w+"), "@user"), "@", (2, 6)),
    ],
)
def test_a_character_comes_from_the_whole_stretch_that_was_replaced(
    text: str, rule: RewriteRule, found: str, origin: tuple[int, int]
) -> None:
    """A part of a placeholder, a joined accent, a run of blanks: the stretch is all of what it stands for."""
    traced = Traced.of(text).apply(rule)
    place = traced.text.index(found)
    assert traced.origin(place, place + len(found)) == origin


def test_a_text_that_cannot_be_taken_apart_is_composed_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a later Unicode joins letters that are told apart here, the text is right and its places are coarse."""
    monkeypatch.setattr(rewriting, "_begins", lambda _: True)
    traced = Traced.of("ne\u0301e").apply(Composition())
    assert traced.text == "née"
    assert traced.origin(0, 1) == (0, 4)
