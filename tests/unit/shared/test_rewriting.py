"""Rules that rewrite texts, plainly and with positions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import rewriting
from shared.rewriting import Composition, Replacement, Rule, SingleBlanks, Traced
from shared.text import clean, clean_traced
from tests.unit.shared.test_text import TEXTS

RULES: list[Rule] = [
    Composition(),
    SingleBlanks(),
    Replacement(re.compile("ab+"), "x"),
    Replacement(re.compile("(a)(b)"), r"\2\1"),
    Replacement(re.compile("[ab]"), lambda match: match[0].upper() * 3),
    Replacement(re.compile("a"), ""),
]
ACCENTED = st.text("abe \u0301\u0323\u0338\u00e9\u1100\u1161\u11a8\uac00\u0b47\u0b3e\u1025\u102e\t😡", max_size=30)


@given(st.one_of(ACCENTED, st.text(max_size=30)), st.lists(st.sampled_from(RULES), max_size=6))
def test_tracing_gives_the_same_text_and_a_place_for_each_character(text: str, rules: list[Rule]) -> None:
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
    text: str, rule: Rule, found: str, origin: tuple[int, int]
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
