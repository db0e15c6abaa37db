"""The grammar of keywords and exclusions."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.expression import MAX_CHARACTERS, Clause, Expression, Term, TermError, parse

WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6)
PHRASES = st.lists(WORDS | st.sampled_from(["OR", "AND", "-x", "#y", "(", "|", "🧳", "AT&T"]), min_size=1, max_size=3)
TERMS = st.one_of(
    PHRASES.map(lambda words: Term.words("a " + " ".join(words))),
    WORDS.map(Term.words),
    st.sampled_from(["flug", "全日空", "été_2026", "عطلة"]).map(Term.hashtag),
    st.sampled_from(["aerolume", "a_b", "aerolume.bsky.social", "air@mastodon.social"]).map(Term.mention),
)
CLAUSES = st.builds(Clause, st.lists(TERMS, min_size=1, max_size=3, unique=True).map(tuple), st.booleans())
EXPRESSIONS = st.builds(
    lambda sought, others: Expression((sought, *others)),
    st.lists(TERMS, min_size=1, max_size=2, unique=True).map(tuple).map(Clause),
    st.lists(CLAUSES, max_size=2).map(tuple),
)


@given(EXPRESSIONS)
def test_the_canonical_form_means_the_same(expression: Expression) -> None:
    """What is written out and read again is the same expression, whatever its words hold."""
    canonical = str(expression)
    if len(canonical) <= MAX_CHARACTERS:
        assert parse(canonical) == expression
        assert str(parse(canonical)) == canonical


@given(st.text(max_size=60) | st.text(' "()|-#@aOR全🧳', max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    """Reading never fails otherwise, and what was read has a stable canonical form."""
    with suppress(TermError):
        expression = parse(text)
        assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("  delayed   flight ", "delayed flight"),
        ('"delayed   flight"', '"delayed flight"'),
        ('"aerolume"', "aerolume"),
        ("\u201csmart quotes\u201d", '"smart quotes"'),
        ('jaguar (car | "test drive")-zoo', 'jaguar (car OR "test drive") -zoo'),
        ("(late OR late)", "late"),
        ("- zoo jaguar", "-zoo jaguar"),
        ('"OR"', '"OR"'),
        ("\uff03全日空 \uff20aerolume", "#全日空 @aerolume"),
        ("coca-cola AT&T L'Oréal", "coca-cola AT&T L'Oréal"),
        ('"-5 %"', '"-5 %"'),
        ('"-5"', '"-5"'),
        ('"#literal" "@sign"', '"#literal" "@sign"'),
        ("cafe\u0301", "café"),
    ],
)
def test_spellings_have_one_canonical_form(written: str, canonical: str) -> None:
    """Blanks, kinds of quotes and of alternatives, and needless quotes are brought into one form."""
    assert str(parse(written)) == canonical


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "blank"),
        ("-zoo", "something to look for"),
        ("-(zoo OR cat)", "something to look for"),
        ('"open', "not closed"),
        ("(late OR", "not closed"),
        ("(late delayed)", "alternatives with OR"),
        ("(late OR (very late))", "alternatives with OR"),
        ("(late OR -delayed)", "alternatives with OR"),
        ("()", "alternatives with OR"),
        ("late)", "no \\("),
        ("late OR delayed", "in parentheses"),
        ("late AND delayed", "leave it out"),
        ("NOT late", "-word"),
        ("late -", "must stand before"),
        ("--late", "must stand before"),
        ('"!?"', "letter, a number or an emoji"),
        ("#", "hashtag"),
        ("#2026", "digits alone"),
        ("#a-b", "hashtag"),
        ("@", "handle"),
        ("@été", "handle"),
        ("a\x00b", "control"),
        ("a" * 201, "200 characters"),
        (" ".join("abcdefghijklmnopqrstu"), "20 terms"),
    ],
)
def test_a_wrong_entry_is_refused_with_the_remedy(wrong: str, says: str) -> None:
    """Each mistake has a sentence that says what to write instead."""
    with pytest.raises(TermError, match=says):
        parse(wrong)
