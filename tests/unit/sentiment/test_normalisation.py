"""The way back from the normalised text to the text as sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sentiment import normalisation
from services.sentiment.normalisation import normalise, normalise_traced
from shared.character_references import resolve_references, write_references
from tests.unit.shared.test_text import TEXTS

ESCAPES = st.sampled_from(
    [
        "&amp;",
        "&#39;",
        "&amp;lt;",
        "&nbsp;",
        "&#55357;&#56832;",
        "awful😡so",
        r"\u2019",
        r"\u0301",
        r"\ud83d\ude00",
        r"\u0020",
        r"\u0040",
        r"\u12",
        "\\",
    ]
)
ANYTHING = st.lists(st.one_of(TEXTS, ESCAPES, st.text(max_size=8), st.just(" http ")), max_size=6).map("".join)
NONE = "&#55357; &#0; &#1; &#99999999; &#1114112; &unknown; &amp"
SCRIPTS = (
    "Ann flew to New York",
    "Анна летела в Нью-Йорк",
    "Άννα στη Νέα Υόρκη",
    "安娜飞往纽约",
    "アンナはニューヨークへ",
    "안나는 뉴욕으로",
    "آنا إلى نيويورك",
    "אנה טסה לניו יורק",
    "अन्ना न्यूयॉर्क गई",
    "แอนนาไปนิวยอร์ก",
    "ანა ნიუ-იორკში",
    "አና ወደ ኒው ዮርክ",
    "\U0001d538\U0001d55f 😡 👩‍✈️ 🇬🇧 𐍈",
)


@settings(max_examples=50)
@given(ANYTHING)
def test_the_aligned_text_is_the_normalised_one(text: str) -> None:
    """Both forms of normalising run the same rules: for any text they give the same."""
    assert normalise_traced(text).text == normalise(text)


@settings(max_examples=50)
@given(ANYTHING, st.data())
def test_every_stretch_has_an_origin_within_the_text_as_sent(text: str, data: st.DataObject) -> None:
    """Offsets are in range, never empty, and a longer stretch holds a shorter one's."""
    length = len(normalise(text))
    if not length:
        return
    start = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(start + 1, length))
    aligned = normalise_traced(text)
    first, last = aligned.origin(start, end)
    assert 0 <= first < last <= len(text)
    whole = aligned.origin(0, length)
    assert whole[0] <= first
    assert last <= whole[1]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=3).map(" ".join), st.data())
def test_a_text_that_needs_no_cleaning_is_aligned_to_itself(text: str, data: st.DataObject) -> None:
    """Whatever the script, offsets in a normal text are those of the text as sent, astral characters one each."""
    assert normalise(text) == text
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert normalise_traced(text).origin(start, end) == (start, end)


@settings(max_examples=50)
@given(ANYTHING)
def test_knowing_the_normalised_text_changes_nothing_but_the_time(text: str) -> None:
    """Where the normalised text is given, every character comes from where it came without."""
    normalised = normalise(text)
    given_, found = normalise_traced(text, normalised), normalise_traced(text)
    for place in range(len(normalised)):
        assert given_.origin(place, place + 1) == found.origin(place, place + 1)


def test_a_text_that_normalising_left_alone_is_not_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is rewritten again to learn that nothing was rewritten."""
    monkeypatch.setattr(normalisation, "clean_traced", None)
    assert normalise_traced("fly to Paris", "fly to Paris").origin(7, 12) == (7, 12)


@settings(max_examples=50)
@given(ANYTHING, st.sampled_from(SCRIPTS), ANYTHING)
def test_a_plain_word_is_found_wherever_it_stands(before: str, words: str, after: str) -> None:
    """Between whatever is cleaned away, the characters that stayed are the slice of the text as sent."""
    text = f"{before} {words} {after}"
    normalised = normalise(text)
    if normalised.count(words) != 1 or text.count(words) != 1:
        return
    place = normalised.index(words)
    start, end = normalise_traced(text).origin(place, place + len(words))
    assert text[start:end] == words


@pytest.mark.parametrize(
    ("text", "part", "slice_"),
    [
        ("hi @alice from Paris", "@user", "@alice"),
        ("hi @alice from Paris", "user", "@alice"),
        ("hi @alice from Paris", "Paris", "Paris"),
        ("see https://t.co/x  New\n York now", "New York", "New\n York"),
        ("New https://t.co/x York", "New York", "New https://t.co/x York"),
        ("Beyonce\u0301 sings", "Beyoncé", "Beyonce\u0301"),
        (r"Zo\u00eb sings", "Zoë", r"Zo\u00eb"),
        ("H&amp;M in Paris", "H&M", "H&amp;M"),
        ("H&amp;M in Paris", "Paris", "Paris"),
        ("Zo&euml; &#38; Ann", "Zoë & Ann", "Zo&euml; &#38; Ann"),
        ("lost in Paris😡Ann", "Paris", "Paris"),
        ("lost in Paris😡Ann", "Ann", "Ann"),
        ("Paris😡Ann", "Paris 😡 Ann", "Paris😡Ann"),
        (r"Beyonce\u0301 sings", "Beyoncé", r"Beyonce\u0301"),
        (r"O\u2019Hare is full", "O\u2019Hare", r"O\u2019Hare"),
        ("😡😡 call 555-0132 Ann", "phone", "555-0132"),
        ("😡😡 call 555-0132 Ann", "Ann", "Ann"),
        ("mail a.b@c.example, Ann", "<email>", "a.b@c.example"),
        ("555-0132555-0132 Ann", "Ann", "Ann"),
    ],
)
def test_what_was_replaced_maps_to_its_whole_stretch(text: str, part: str, slice_: str) -> None:
    """Placeholders, escapes, joined accents and blanks lead back to all that they stand for."""
    place = normalise(text).index(part)
    start, end = normalise_traced(text).origin(place, place + len(part))
    assert text[start:end] == slice_


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("awful😡", "awful 😡"),
        ("so😡😡rude", "so 😡😡 rude"),
        ("love❤️it", "love ❤️ it"),
        ("Not👏good👏enough👏", "Not 👏 good 👏 enough 👏"),
        ("a👏b👏", "a 👏 b 👏"),
        ("ok👍🏽thanks", "ok 👍🏽 thanks"),
        ("crew👩‍✈️was🇬🇧x🏴󠁧󠁢󠁥󠁮󠁧󠁿y", "crew 👩‍✈️ was 🇬🇧 x 🏴󠁧󠁢󠁥󠁮󠁧󠁿 y"),
        ("बहुत अच्छा है😡", "बहुत अच्छा है 😡"),
        ("最悪😡だ", "最悪 😡 だ"),
        ("5⭐!", "5 ⭐!"),
    ],
)
def test_a_word_and_an_emoji_are_two_words(joined: str, apart: str) -> None:
    """The model reads the word as it does without the emoji."""
    assert normalise(joined) == normalise(apart) == apart


@pytest.mark.parametrize(
    "text",
    [
        "क्\u200dष",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "A→B™ © 2026 ½",
        "1️⃣st",
        "\U0001d538x",
        '(😡) "😡"!😡',
    ],
)
def test_what_holds_no_word_at_an_emoji_stays(text: str) -> None:
    """Joiners inside of words, signs that texts use and punctuation at an emoji are left as they are."""
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("Don&#39;t &quot;fly&quot; &#x2764; &hearts;", 'Don\'t "fly" \u2764 \u2665'),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;", "&amp;"),
        ("&#55357;&#56832;", "\U0001f600"),
        ("&#55357;&#65;", "&#55357;A"),
        (NONE, NONE),
        ("a?b=1&copy=2&lt", "a?b=1&copy=2&lt"),
        ("&" * 9, "&" * 9),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
    ],
)
def test_each_character_reference_is_resolved_once(text: str, resolved: str) -> None:
    """References of no character, and those without a semicolon, stay as they are."""
    assert resolve_references(text) == resolved


@given(ANYTHING)
def test_a_plain_text_comes_back_from_its_references(text: str) -> None:
    """What a source has resolved already can be handed to where references are resolved."""
    assert resolve_references(write_references(text)) == text
