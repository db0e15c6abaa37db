# ruff: noqa: RUF001, letters that look alike are what is tested
"""The one spelling of texts and keywords."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.spelling import plain
from tests.unit.cpu_time import seconds_of

SEVERAL = [
    ("AEROLUME", "aerolume"),
    ("Straße", "STRASSE"),
    ("ΑΕΡΟΠΟΡΙΚΌΣ", "αεροπορικος"),
    ("ΑΕΡΟΠΟΡΙΑ", "αεροπορία"),
    ("ΐδιος", "Ϊδιος"),
    ("İSTANBUL", "istanbul"),
    ("AKIŞ", "akış"),
    ("Ёлка", "елка"),
    ("ＡＮＡ", "ana"),
    ("ｱﾅ", "アナ"),
    ("𝐀𝐞𝐫𝐨", "aero"),
    ("cafe\u0301", "CAFÉ"),
    ("한국", unicodedata.normalize("NFD", "한국")),
    ("Aerolume™", "aerolume"),
    ("Aerolume® Card", "aerolume card"),
    ("McDonald\u2019s", "mcdonald's"),
    ("McDonald´s", "mcdonald's"),
    ("Coca\u2011Cola", "coca cola"),
    ("ブリティッシュ・エア", "ブリティッシュ エア"),
    ("الخطـــوط", "الخطوط"),
    ("مُمتاز", "ممتاز"),
    ("שָׁלוֹם", "שלום"),
    ("می\u200cخواهم", "میخواهم"),
    ("ක්\u200dෂ", "ක්ෂ"),
    ("so\u00adft", "soft"),
    ("👍🏽", "👍"),
    ("❤\ufe0f", "❤"),
]


@pytest.mark.parametrize(("one", "other"), SEVERAL)
def test_what_people_write_in_several_ways_is_the_same(one: str, other: str) -> None:
    """Case, forms, dashes, apostrophes, marks of vowels, skin tones and characters without a width do not count."""
    assert plain(one) == plain(other)


@pytest.mark.parametrize(("one", "other"), [("café", "cafe"), ("👩", "👩\u200d✈"), ("año", "ano"), ("が", "か")])
def test_what_means_another_thing_stays_apart(one: str, other: str) -> None:
    """Accents that make other words, voiced kana, and emoji joined into another emoji are kept."""
    assert plain(one) != plain(other)


@given(st.text())
def test_the_one_spelling_is_a_fixed_point_of_case_and_blanks(text: str) -> None:
    """It has single blanks inside and none outside, and no case is left to fold."""
    result = plain(text)
    assert result == " ".join(result.split())
    assert plain(result).casefold() == plain(result)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_gives_what_the_long_way_gives(text: str) -> None:
    """A text of ASCII alone has the same spelling beside a character that forces the long way."""
    assert plain(text + " é") == f"{plain(text)} é".strip()


@pytest.mark.parametrize(
    "text",
    ["a" + "\u0301\u0316" * 50_000, ("\u0301\u0316" * 15 + "\u0640") * 5_000, "a\u200d" * 50_000, "\ufdfa" * 50_000],
)
def test_no_text_takes_a_time_that_grows_with_its_square(text: str) -> None:
    """Marks that Unicode would sort for minutes are read in far less than a second of CPU."""
    assert seconds_of(lambda: plain(text)) < 2
