"""Words in texts of every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.matcher import holds
from services.ingest.brands.spelling import plain
from tests.unit.cpu_time import seconds_of
from tests.unit.ingest.brands.brands import finds

FOUND = [
    ("aerolume", "I flew AEROLUME!"),
    ("aerolume", "#Aerolume is late"),
    ("aerolume", "ask @aerolume now"),
    ("aerolume", "aerolume's crew"),
    ("aerolume", "Ich mag 'Aerolume'."),
    ("BA", "BAのフライト"),
    ("BA", "我坐BA回家"),
    ("BA", "BA는 늦었다"),
    ("ba", "baba ba"),
    ("全日空", "昨日全日空に乗った"),
    ("การบิน", "สายการบินไทย"),
    ("대한항공", "대한항공은 좋다"),
    ("एयर", "एयर इंडिया"),
    ("أيرولوم", "شركة أيرولوم، متأخرة"),
    ('"british airways"', "British\n  Airways"),
    ('"coca cola"', "Coca-Cola"),
    ("coca-cola", "coca cola"),
    ("AT&T", "AT&T is down"),
    ("C++", "I like C++."),
    ("yahoo!", "Yahoo! News"),
    ("🧳", "my🧳🧳 is gone"),
    ("👍", "👍🏽"),
    ("❤️", "I ❤ it"),
    ("👩‍✈️", "our 👩‍✈️!"),
    ("🇬🇧", "🇩🇪🇬🇧"),
    ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "go 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    ("747", "the 747-400"),
    ("100€", "nur 100€!"),
]
NOT_FOUND = [
    ("aerolume", "aerolumes"),
    ("aerolume", "myaerolume"),
    ("aero", "aerolume"),
    ("ba", "bar"),
    ("ba", "ba_2"),
    ("747", "1747"),
    ("cafe", "café"),
    ("एयर", "एयरो"),
    ("को", "कोयर"),
    ("ที", "ที่"),
    ('"british airways"', "airways british"),
    ("👩", "👩‍✈️"),
    ("✈️", "👩‍✈️"),
    ("🏴", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
    ("🇬🇧", "🇦🇬🇧🇪"),
    ("1", "1️⃣"),
]


@pytest.mark.parametrize(("keyword", "text"), FOUND)
def test_a_keyword_is_found(keyword: str, text: str) -> None:
    """Whole words are found in any case, and anywhere where a script has no blanks between words."""
    assert finds(keyword, text)


@pytest.mark.parametrize(("keyword", "text"), NOT_FOUND)
def test_a_keyword_is_not_found(keyword: str, text: str) -> None:
    """Neither inside a longer word or number, nor inside a letter with its marks, nor inside a longer emoji."""
    assert not finds(keyword, text)


@given(
    st.lists(st.text("abcåß", min_size=1, max_size=3), max_size=8),
    st.text("abcåß", min_size=1, max_size=3),
)
def test_words_are_found_exactly_where_they_are_words(words: list[str], word: str) -> None:
    """In a text of words with blanks between them, a word is found where it is one of them."""
    expected = plain(word) in {plain(each) for each in words}
    assert holds(plain(" ".join(words)), plain(word)) == expected


@given(st.text(max_size=30), st.text(min_size=1, max_size=4))
def test_what_is_found_is_there(text: str, words: str) -> None:
    """Any words can be looked for in any text; what is found is a part of it, and the whole of it is always found."""
    if sought := plain(words):
        assert not holds(plain(text), sought) or sought in plain(text)
        assert holds(sought, sought)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("a" * 100, "a" * 10_000),
        ('"' + "a " * 90 + 'b"', "a " * 5_000),
        ("🇬🇧", "🇦" + "🇬🇧" * 4_999),
        ("a", "aa" * 5_000),
    ],
)
def test_no_pair_of_keyword_and_text_runs_for_long(keyword: str, text: str) -> None:
    """The worst that can be built takes a fraction of a second of CPU."""
    assert seconds_of(lambda: finds(keyword, text)) < 2
