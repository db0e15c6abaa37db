# ruff: noqa: RUF001, letters that look alike are what is tested
"""Words and hashtags of cleaned texts, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text import EMAIL, LINK, MENTION, PHONE, clean
from shared.words import folded, folded_name, hashtags_in, sequence_in, shown_name, words_in


def words(text: str) -> set[str]:
    """Return the words of a text as it is cleaned."""
    return words_in(folded(clean(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The crew was GREAT, the bags weren't!", {"the", "crew", "was", "great", "bags", "weren't"}),
        ("a I x on 7 2015 12:30 $99", {"on"}),
        ("gate b22 and A320neo", {"gate", "b22", "and", "a320neo"}),
        ("snake_case co-pilot", {"snake", "case", "co", "pilot"}),
        ("Straße STRASSE", {"strasse"}),
        ("ＦＵＬＬ width", {"full", "width"}),
        ("Опоздание рейса", {"опоздание", "рейса"}),
        ("تأخير الرحلة", {"تأخير", "الرحلة"}),
        ("می\u200cخواهم", {"می\u200cخواهم"}),
        ("उड़ान में देरी हुई", {"उड़ान", "में", "देरी", "हुई"}),
        ("비행기 지연", {"비행기", "지연"}),
        ("航班延误", {"航班", "班延", "延误"}),
        ("フライト遅れた", {"フライト", "遅れ", "れた"}),
        ("ﾌﾗｲﾄ", {"フライト"}),
        ("ไฟล์ล่าช้า", {"ไฟล์ล่", "ฟล์ล่า", "ล์ล่าช้", "ล่าช้า"}),
        ("delay航班delay", {"delay", "航班"}),
        ("good ❤️ 👍🏽 1️⃣ flight", {"good", "flight"}),
        ("x" * 41 + " fine", {"fine"}),
    ],
)
def test_words_of_many_scripts(text: str, expected: set[str]) -> None:
    """Words are folded runs of letters; scripts without blanks give pairs, runs of katakana, or fours."""
    assert words(text) == expected


@pytest.mark.parametrize(
    "text", ["@someone hi", "look https://a.example/b hi", "a@b.example hi", "415-555-0132 hi", "見てhttp"]
)
def test_placeholders_are_no_words(text: str) -> None:
    """What cleaning put in place of a mention, a link, an address or a number is no word."""
    assert words(text) <= {"hi", "look", "見て"}
    assert words_in(folded(f"{MENTION}'s {LINK} {EMAIL} {PHONE}")) == set()


def test_words_that_only_look_like_placeholders_stay() -> None:
    """A word that holds a placeholder is a word."""
    assert words("user email phone httpd") == {"user", "email", "phone", "httpd"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Fail #fail #FAIL!", {"#fail"}),
        ("#東京は雨 ＃ｔｏｋｙｏ", {"#東京は雨", "#tokyo"}),
        ("#हिन्दी #تأخير #비행기", {"#हिन्दी", "#تأخير", "#비행기"}),
        ("#snake_case", {"#snake_case"}),
        ("#1 #2015 # #a a#b &#39; ##x", set()),
        ("#" + "y" * 81, set()),
    ],
)
def test_hashtags_of_many_scripts(text: str, expected: set[str]) -> None:
    """A hashtag is folded, has a letter and at least two characters, and begins a word."""
    assert hashtags_in(folded(clean(text))) == expected


def test_a_hashtag_is_not_a_word_too() -> None:
    """The body of a hashtag is not among the words."""
    assert words("#delayed again") == {"again"}


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    """What stands after the first 2000 characters is not read."""
    assert words_in(folded("no " * 700 + "end")) == {"no"}


def test_names_are_compared_without_case_and_punctuation() -> None:
    """Names that differ in case, width, blanks or punctuation around them are one; inside them it counts."""
    assert {folded_name(name) for name in ("J.F.K.", " j.f.k", "#J.F.K!", "Ｊ.Ｆ.Ｋ")} == {"j.f.k"}
    assert folded_name(f"{MENTION}") == folded_name("...") == ""
    assert shown_name(" #British  Airways' ") == "British Airways"


@given(st.text(max_size=60))
def test_any_text_gives_words_within_bounds(text: str) -> None:
    """Of any text, words and hashtags have a letter and are within their lengths, and folding again changes nothing."""
    plain = folded(clean(text))
    found = words_in(plain)
    assert all(2 <= len(word) <= 40 and any(map(str.isalpha, word)) for word in found)
    assert all(hashtag.startswith("#") and 3 <= len(hashtag) <= 81 for hashtag in hashtags_in(plain))
    assert folded_name(folded_name(text)) == folded_name(text)


def test_a_sequence_has_words_and_hashtags_in_order_and_as_often() -> None:
    """Words and hashtags stand where the text has them, repetitions too; what is no word is left out."""
    text = folded(clean("Late again, late! #FlightDelay at JFK @someone #1 https://t.co/x late"))
    assert sequence_in(text) == ["late", "again", "late", "#flightdelay", "at", "jfk", "late"]


@given(st.text(max_size=200))
def test_a_sequence_has_the_words_and_hashtags_of_the_text_and_no_others(text: str) -> None:
    """What it has is what words and hashtags are asked for one by one."""
    plain = folded(clean(text))
    assert set(sequence_in(plain)) == words_in(plain) | hashtags_in(plain)
