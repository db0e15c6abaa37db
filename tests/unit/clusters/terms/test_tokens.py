"""Which words of a text say what it is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clusters.terms.tokens import stop_words, tokens
from shared.text import clean


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The crew's bags weren't at the gate, 2 bags!", ["crew", "bags", "gate", "bags"]),
        ("en", "Thanks @united for #LateFlight https://t.co/x call 020 7946 0958", ["#lateflight"]),
        ("de", "Der Flug nach Köln war wieder verspätet", ["flug", "köln", "verspätet"]),
        ("fr", "Le vol pour Paris est encore en retard", ["vol", "paris", "retard"]),
        ("ja", "フライト", ["フライト"]),
        ("xx", "The gate and the queue", ["gate", "queue"]),
        (None, "The gate and the queue", ["gate", "queue"]),
        ("pt-BR", "O voo para Lisboa e a mala", ["voo", "lisboa", "mala"]),
        ("es", "Just another late vuelo", ["late", "vuelo"]),
    ],
)
def test_what_says_nothing_is_left_out(language: str | None, text: str, expected: list[str]) -> None:
    """Stop words of the language and of English, placeholders of cleaning, figures and calls; hashtags stay."""
    assert tokens(clean(text), language) == expected


def test_aliases_of_languages_have_the_words_of_the_language() -> None:
    """Both forms of Norwegian have the Norwegian words; an unknown language has the English ones."""
    assert stop_words("nb") == stop_words("nn") == stop_words("no") != stop_words("en")
    assert stop_words("qq") == stop_words(None) == stop_words("en")


@given(st.text(max_size=200), st.sampled_from(["en", "de", "ar", "zh", None]))
def test_no_token_is_a_stop_word_or_empty(text: str, language: str | None) -> None:
    """Whatever the text holds."""
    found = tokens(clean(text), language)
    assert not stop_words(language).intersection(found)
    assert all(len(token) > 1 and token.strip() == token for token in found)
