"""Which texts would show a person of a known name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics.persons import TITLES, Persons, names_in
from shared.words import folded, folded_name
from tests.unit.profiles.analytics.mentioning import named, said

KNOWN = Persons(
    [folded_name(name) for name in ("Jane Doe", "Dr. José Núñez-Li", "Cher", "Bo Li", "J. Roe", "田中太郎", "Mr.")]
)


@pytest.mark.parametrize(
    "text",
    [
        "jane",
        "doe's",
        "Doe, Jane",
        "Jane M. Doe",
        "Miss Jane Doe-Smith",
        "Prof. Doe",
        "\uff2a\uff21\uff2e\uff25 \uff24\uff2f\uff25",
        "Jose Nunez",
        "núñez",
        "Cher\u2019s",
        "Cher Tour",
        "Mrs Roe",
        "#janedoe",
        "#doe_jane",
        "#TeamJaneDoe2024",
        "#MsDoe",
        "#doe1999",
        "#BoLi2024",
        "JaneDoe Ltd",
        "#" + "a" * 60 + "janedoe",
        "田中",
        "田中太郎さん",
        "#田中太郎",
        "mr",
    ],
)
def test_a_form_of_a_known_name_is_one(text: str) -> None:
    """All words of a name in any order and company, part of a name with or without a title, and a name in one run."""
    assert KNOWN.named_in(folded(text))


@pytest.mark.parametrize(
    "text", ["Janet", "Doeskin", "Jane Austen", "Dr", "Dr. Smith", "Mr. Smith", "#cherry", "Rome", "#2024", "佐藤", ""]
)
def test_what_shares_a_first_name_or_letters_alone_is_none(text: str) -> None:
    """Others of the same first name, longer words and titles alone are no known person."""
    assert not KNOWN.named_in(folded(text))


def test_names_are_those_read_as_persons() -> None:
    """Only entities of a type person are names of persons, each once, and punctuation is none."""
    posts = [
        said(1, "Jane", 1, 0.5, named("Jane Doe", "person"), named("Rome", "location")),
        said(2, None, 1, 0.5, named("JANE DOE.", "person"), named("...", "person")),
    ]
    assert names_in(posts) == {"jane doe"}


WORDS = st.lists(
    st.sampled_from(["ann", "lee", "kim", "bo", "mr", "of", "rome", "dr", "o'hara"]), min_size=1, max_size=4
)


@given(st.lists(WORDS, max_size=6), WORDS)
def test_the_index_finds_what_comparing_with_each_name_finds(names: list[list[str]], text: list[str]) -> None:
    """A text of plain words is held back just where it is a name, has all words of one, or is a part of one."""
    words = set(text) - TITLES
    expected = False
    for name in names:
        plain = set(name) - TITLES
        expected |= text == name or (bool(plain) and plain <= words) or (bool(words) and words <= plain)
    known = Persons(" ".join(name) for name in names)
    assert known.named_in(" ".join(text)) == expected
