"""Cleaning of a post's text."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared.text
from shared.text import clean

WORDS = st.sampled_from(["great flight", "Danke!", "見て", "ขอบคุณ", "صباح", "(late)", "café", "so, so", "\u200d", "😡"])
GLUE = st.sampled_from([" ", "  ", "\n", "\u00a0", ", ", "! ", " (", "…", "。"])
SECRET_NAME = st.text("qxzj", min_size=4, max_size=15)
DIGIT = st.sampled_from("0123456789")
TRICKY = st.text("@\uff20.-+_()/: \u00a0\n0123456789abZé\u0301\u0323\u0338\u0591見😡<>\"'#$w", max_size=40)
FRAGMENTS = st.one_of(
    st.sampled_from(
        ["@bob", "@bob@host.social", "bob@mail.example", "https://", "www.", "t.co/", "+44 20 7946 0958", "555-0132"]
    ),
    TRICKY,
    st.text(max_size=10),
)
TEXTS = st.lists(FRAGMENTS, max_size=8).map("".join)


def _digits(form: str) -> st.SearchStrategy[str]:
    return st.tuples(*(DIGIT if character == "9" else st.just(character) for character in form)).map("".join)


PHONES = st.one_of(
    *(
        _digits(form)
        for form in (
            "+44 20 9999 9999",
            "+1 (999) 999-9999",
            "+449999999999",
            "+33 1 99 99 99 99",
            "(999) 999-9999",
            "999.999.9999",
            "1-800-999-9999",
            "020 9999 9999",
            "030/999999",
            "0120-999-999",
            "999-9999",
            "999999999",
            "999999999999999",
        )
    )
)
LINKS = st.builds(
    lambda start, path: start + path,
    st.sampled_from(["https://shop.example/", "HTTP://a.example/?q=", "www.shop.example/", "t.co/", "bit.ly/"]),
    SECRET_NAME,
)
EMOJI = st.lists(st.sampled_from(["😡", "👍🏽", "❤️", "👩‍✈️", "🇬🇧", "✈️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣"]), min_size=1, max_size=6)


@given(TEXTS)
def test_cleaning_a_cleaned_text_changes_nothing(text: str) -> None:
    """Clean is idempotent, also where a placeholder meets an accent."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned


@given(TEXTS)
def test_a_cleaned_text_is_normal(text: str) -> None:
    """What comes out is NFC, has single spaces alone and no blank at its ends."""
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())


@given(TEXTS)
def test_no_name_follows_an_at_sign(text: str) -> None:
    """The only name behind an `@` that begins a mention is the placeholder's."""
    assert set(re.findall(r"(?<![A-Za-z0-9_])[@\uff20](\w+)", clean(text))) <= {"user"}


@given(
    st.tuples(WORDS, GLUE, GLUE, WORDS), SECRET_NAME, st.sampled_from(["@{}", "\uff20{}", "@{}@host.example", "@@{}"])
)
def test_a_mention_is_replaced_wherever_it_stands(around: tuple[str, str, str, str], name: str, form: str) -> None:
    """A handle, a Mastodon address too, leaves nothing of its name."""
    before, left, right, after = around
    cleaned = clean(before + left + form.format(name) + right + after)
    assert name not in cleaned
    assert "@user" in cleaned


@given(WORDS, WORDS, SECRET_NAME, SECRET_NAME)
def test_an_address_is_replaced_wherever_it_stands(before: str, after: str, name: str, host: str) -> None:
    """An e-mail address leaves neither its name nor its host."""
    cleaned = clean(f"{before} {name}.a+b@{host}.example {after}")
    assert name not in cleaned
    assert host not in cleaned
    assert "<email>" in cleaned


@given(st.tuples(WORDS, GLUE, WORDS), LINKS)
def test_a_link_is_replaced_wherever_it_stands(around: tuple[str, str, str], link: str) -> None:
    """A link leaves nothing of its path."""
    before, glue, after = around
    cleaned = clean(f"{before}{glue}{link} {after}")
    assert link[-4:] not in cleaned
    assert "http" in cleaned


@given(st.tuples(WORDS, GLUE, GLUE, WORDS), PHONES)
def test_a_phone_number_is_replaced_wherever_it_stands(around: tuple[str, str, str, str], phone: str) -> None:
    """A number in one of the listed forms leaves none of its digits."""
    before, left, right, after = around
    cleaned = clean(before + left + phone + right + after)
    assert re.search(r"\d", cleaned) is None
    assert "<phone>" in cleaned


@given(EMOJI, WORDS)
def test_emoji_survive(emoji: list[str], words: str) -> None:
    """Emoji with skin tones, joiners, flags and variation selectors come out as they went in."""
    written = "".join(emoji)
    assert written in clean(f"@bob {words} {written} https://a.example")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("@united you lost my bag", "@user you lost my bag"),
        (".@united: thanks", ".@user: thanks"),
        ("RT @a_b: hi", "RT @user: hi"),
        ("thanks @alice@mastodon.example!", "thanks @user!"),
        ("@alice@bob hi", "@user hi"),
        ("ありがとう@alice さん", "ありがとう@user さん"),
        ("@x\u0323 hi", "@user hi"),
        ("@x" + "\u0301" * 200 + " hi", "@user hi"),
        ("@" + "x\u0301" * 200 + " hi", "@user hi"),
        ("mail bob.smith+ua@mail.example.com.", "mail <email>."),
        ("bob@mail.example,@alice", "<email>,@user"),
        ("連絡" * 40 + "bob@mail.example", "連絡" * 9 + "連<email>"),
        ("see https://t.co/abc…", "see http"),
        ("見てhttps://a.example/b", "見てhttp"),
        ("<www.a.example/b>", "<http>"),
        ("call (415) 555-0132 now", "call <phone> now"),
        ("call 415  555\n0132", "call <phone>"),
        ("Tel:+44 20 7946 0958.", "Tel:<phone>."),
        ("電話0120-345-678まで", "電話<phone>まで"),
        ("  much \t blank\n", "much blank"),
    ],
)
def test_what_points_at_somebody_is_replaced(text: str, cleaned: str) -> None:
    """Each form that people write comes out as the placeholder, its surroundings whole."""
    assert clean(text) == cleaned


def test_a_chain_that_gives_way_one_a_round_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a text is built, it is gone over a bounded number of times: time must not grow with its square."""
    rounds = 0
    once = shared.text._clean_once

    def counted(text: str) -> str:
        nonlocal rounds
        rounds += 1
        return once(text)

    monkeypatch.setattr(shared.text, "_clean_once", counted)
    clean("555-0132" + "+44 20 7946 0958" * 100)
    assert rounds == shared.text._MOST_ROUNDS


@pytest.mark.parametrize(
    "text",
    [
        "33 737-800, deliveries",
        "2015-02-24 11:35:52 -0800",
        "on 24/02/2015 at 10:30-12:45",
        "from 8:00 to 20:15",
        "$1,000,000,000 or €250.50 or £100000000 or ¥100000000",
        "UA 1234, BA0117 and LH-4321",
        "+100 points, +1 from me",
        "ticket #123456789",
        "version 3.10.123",
        "100% of 2,500 in 1999-2003",
        "売上1000000000円",
        "me @ home",
        "50/50 and 24/7",
        "a < b > c",
    ],
)
def test_what_points_at_nobody_stays(text: str) -> None:
    """Dates, times, prices, flight numbers and aircraft are no phone numbers; a lone `@` is no mention."""
    assert clean(text) == text


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("me at x.com/jane_doe", "me at http"),
        ("m.facebook.com/jane.doe said", "http said"),
        ("see instagram.com/jane and bsky.app/profile/jane", "see http and http"),
        ("and/or 3.5/10 at max.com/x", "and/or 3.5/10 at max.com/x"),
        ("post 1234567890123456789 it was", "post <phone> it was"),
    ],
)
def test_what_leads_to_a_person_is_replaced_without_a_scheme_too(raw: str, cleaned: str) -> None:
    """Links to profiles are replaced as people type them, and so are numbers as long as those of posts."""
    assert clean(raw) == cleaned
