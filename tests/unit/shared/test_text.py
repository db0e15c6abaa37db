"""Cleaning of a post's text."""

import re
import unicodedata

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

import shared.text
from shared.rewriting import Replacement
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
            "599-9999",
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


@given(TEXTS | st.sampled_from(["WwW.a.example", "HTTPS://x", "wWw.b", "T.co/x", "a@b.example", "\uff20c"]))
def test_no_rule_passes_over_what_its_pattern_finds(text: str) -> None:
    """The signs that spare a search stand in every match, and a text of ASCII needs no rule for others."""
    for rule in shared.text._RULES:
        if isinstance(rule, Replacement):
            assert rule.apply(text) == rule.pattern.sub(rule.new, text)
    if text.isascii():
        assert all(rule.apply(text) == text for rule in shared.text._RULES[:2])


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


EXAMPLES = [
    number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)
    if (number := phonenumbers.example_number_for_type(region, kind)) and len(str(number.national_number)) > 5
]
LARGE_COUNTRIES = (
    *("AE", "AR", "AT", "AU", "BD", "BE", "BG", "BR", "CA", "CH", "CN", "CO", "CZ", "DE", "DZ", "EG", "ES", "FI", "FR"),
    *("GB", "GR", "HK", "HR", "HU", "ID", "IE", "IL", "IN", "IT", "JO", "JP", "KE", "KR", "MA", "MX", "MY", "NG", "NL"),
    *("NO", "NZ", "PE", "PH", "PK", "PL", "PT", "RO", "RS", "RU", "SA", "SE", "SG", "TH", "TR", "TW", "UA", "US", "UY"),
    *("VE", "VN", "ZA"),
)
SCRIPTS = ["".join(chr(zero + digit) for digit in range(10)) for zero in (0x30, 0x660, 0x966, 0xFF10)]
"""ASCII's digits, those of Arabic and of Devanagari, and the wide ones."""


@given(
    st.sampled_from(EXAMPLES),
    st.sampled_from([PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164]),
    st.sampled_from([" ", "-", ".", "/", " - ", " / ", "\u00a0", "\u2011", "\u2013"]),
    st.sampled_from(["+", "\uff0b", "00", "00 ", "tel:+", "+ "]),
    st.sampled_from(SCRIPTS),
)
def test_the_international_number_of_any_country_is_replaced(
    number: phonenumbers.PhoneNumber, form: int, between: str, beginning: str, script: str
) -> None:
    """Nothing is left of any region's numbers, whatever stands between their groups and whatever the digits are."""
    written = phonenumbers.format_number(number, form)
    written = beginning + re.sub("[ -]", between, written.removeprefix("+"))
    cleaned = clean(f"call {written.translate(str.maketrans(SCRIPTS[0], script))} now")
    assert cleaned in {"call <phone> now", "call tel:<phone> now"}


@pytest.mark.parametrize("number", ["0(532) 123 45 67", "11 96123-4567", "Tel.07700900123", "Tel. 0 (532) 123 45 67"])
def test_national_numbers_are_replaced_as_people_write_them(number: str) -> None:
    """Turkish and Brazilian mobiles, and a word cut short before the number."""
    assert "<phone>" in clean(f"ring {number} now")
    assert re.search(r"[0-9]", clean(f"ring {number} now")) is None


@pytest.mark.parametrize("region", LARGE_COUNTRIES)
def test_the_national_numbers_of_large_countries_are_replaced(region: str) -> None:
    """Mobile numbers as their country writes them, with hyphens for blanks too; eight digits alone are no number."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert number is not None
    written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    assert clean(f"call {written} now") == "call <phone> now"
    assert clean(f"call {written.replace(' ', '-')} now") == "call <phone> now"


def test_the_national_numbers_of_most_countries_are_replaced() -> None:
    """Of all regions' numbers of nine digits or more, more than nine in ten are written in a form that is known."""
    examples = [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) for number in EXAMPLES]
    long = [example for example in examples if sum(map(str.isdigit, example)) > 8]
    assert sum(clean(f"call {example} now") == "call <phone> now" for example in long) > 0.92 * len(long)


@pytest.mark.parametrize(
    "text",
    [
        "flew a Boeing 737-8200 today",
        "room 101-1024, gate 12-14",
        "we lost 100-2000 or so",
        "flight BA 1234 of 02-03-2026",
        "on 02.03.2026 14.30 or 2026-03-02 10.15",
        "on 02/03/2026",
        "open 08.30-17.00, 0830 - 1700",
        "open 09.00 12.00 17.00",
        "1 200 000 people, 12.345.678 visitors",
        "it costs 1.234,56 and not $1234567",
        "order 4711-2025",
        "at 51.507351, -0.127758",
        "a ratio of 0.123456789",
        "version 10.0.19045.3324",
        "from 2019-2024",
        "7000-8000 people, 500-1000 mg, 2100 2200, 2026 1234",
        "12345678 people, 912.345.678 visitors, recall 40612345",
        "call center of 1 200 000 people, call on 02.03.2026, fax: 2019-2024",
    ],
)
def test_what_is_no_phone_number_stays(text: str) -> None:
    """Aircraft, rooms, dates, hours, figures, prices and order numbers keep their digits."""
    assert clean(text) == text


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
        ("call 06 39 98 12 34 or 06.39.98.12.34", "call <phone> or <phone>"),
        ("call 0044 20 7946 0958, 070-123 45 67", "call <phone>, <phone>"),
        ("call 98765 43210, (11) 96123-4567, 333 1234567", "call <phone>, <phone>, <phone>"),
        ("call 612 34 56 78, 612 345 678, 20 12 34 56", "call <phone>, <phone>, <phone>"),
        ("call 138 0013 8000, 8 (912) 345-67-89", "call <phone>, <phone>"),
        ("اتصل \u0660\u0661\u0660 \u0661\u0662\u0663\u0664 \u0665\u0666\u0667\u0668", "اتصل <phone>"),
        ("write to wa.me/12025550143", "write to http"),
        (
            "call me on 40612345, tel: 321 2345, Telefon: 20.123.456",
            "call me on <phone>, tel: <phone>, Telefon: <phone>",
        ),
        ("WhatsApp 912.345.678, 📞 81234567", "WhatsApp <phone>, 📞 <phone>"),
        ("api.whatsapp.com/send?phone=12025550143", "http"),
        ("viber://chat?number=%2B12025550143 or signal.me/#p/+12025550143", "http or http"),
        ("call +49 (0)171 / 1234567 or 0171 - 123 45 67", "call <phone> or <phone>"),
        ("call 06 20 123 4567, (06 1) 234 5678, 08-12 34 56", "call <phone>, <phone>, <phone>"),
        ("  much \t blank\n", "much blank"),
    ],
)
def test_what_points_at_somebody_is_replaced(text: str, cleaned: str) -> None:
    """Each form that people write comes out as the placeholder, its surroundings whole."""
    assert clean(text) == cleaned


def test_a_text_that_gives_way_a_little_each_round_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a text is built, it is gone over a bounded number of times: time must not grow with its square."""
    monkeypatch.setattr(shared.text, "_clean_once", lambda text: f"{text}.")
    assert len(clean("")) == shared.text._MOST_ROUNDS


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
        "flew a Boeing 737-8200, had room 101-1024, lost 100-2000 or so",
        "2019 2020 2021, on 24.02.2015, 24 02 2015 or 2015 02 24",
        "1 299 000, 12 345 678, 250 000 000 and 1.234.567,89",
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
