"""Terms of what is inferred of no person."""

import tomllib

import pytest

from services.clusters.terms.sensitive_terms import LIST, is_sensitive

KINDS = {"health", "politics", "religion", "ethnicity", "sexuality", "gender", "age"}
LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "ar", "hi"}


@pytest.mark.parametrize(
    "term",
    [
        *("cancer", "breast cancer", "Depression", "diabetics", "hospital's", "krebskrank", "enfermedades", "السرطان"),
        *("elections", "white house", "hillary clinton", "#voteobama", "#GOPDebate", "bundestag", "gobierno", "सरकार"),
        *("church", "prayers", "#JesusSaves", "muslims", "atheist", "église", "iglesia", "القرآن", "मंदिर"),
        *("latinos", "racist", "#blacklivesmatter", "antisemitism"),
        *("gay", "#gayrights", "lgbtq", "homosexuality", "sex"),
        *("women", "#womenswear", "dads", "moms", "frauen", "mujeres"),
        *("teenagers", "elderly", "kids", "jugendliche", "jóvenes"),
    ],
)
def test_terms_of_these_kinds_are_held_back(term: str) -> None:
    """In any form: case, accents, possessives, hashtags without blanks, as one word of several."""
    assert is_sensitive(term)


@pytest.mark.parametrize(
    "term",
    [
        *("flight", "customer service", "football", "recipe", "album", "android", "wall street", "#packaging", "party"),
        *("virgin america", "lobby", "diploma", "industry", "#electronics", "athletics", "race", "lost bag", "koffer"),
        *("hockey", "encryption", "spacecraft", "bmw", "fashion", "runway", "retraso", "cheese", "kindness", "", "#"),
    ],
)
def test_other_terms_are_not(term: str) -> None:
    """What people say of products, sport, food or music."""
    assert not is_sensitive(term)


def test_every_kind_has_words_in_every_language_of_the_data() -> None:
    """The list is whole: seven kinds in eight languages, and no entry that could never be found."""
    kinds = tomllib.loads(LIST.read_text(encoding="utf-8"))
    assert kinds.keys() == KINDS
    for languages in kinds.values():
        assert languages.keys() == LANGUAGES
        for text in languages.values():
            for entry in text.split():
                assert is_sensitive(entry.removesuffix("*").replace("_", " ")), entry
