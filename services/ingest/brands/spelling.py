"""One spelling for what people write in several ways, so that a keyword is found however it was typed.

Folded away: case (in every script that has one), compatibility forms (full-width, mathematical, presentation
forms), marks of trade, variation selectors and skin tones of emoji, soft hyphens and other characters without a
width, the dots of vowels in Arabic and Hebrew and Arabic's lengthening stroke, Turkish dots on i, Greek accents
(capitals have none), Russian yo. Apostrophes are one character, dashes and white space are one blank. Accents of
other letters stay: they make other words.
"""

import re
import unicodedata
from typing import Final

from shared.rewriting import MARKS

JOINER: Final = "\u200d"
"""Joins emoji into one; between letters it only shapes them, and is folded away."""
_MOST_MARKS: Final = 30
"""As in `shared.text`: putting a run of marks into order takes a time that grows with its square."""

_MARKS_IN_A_ROW = re.compile(f"({MARKS}{MARKS}{{{_MOST_MARKS - 1}}}){MARKS}+")
_JOINED_LETTERS = re.compile(f"(?:(?<=\\w)|(?<={MARKS})){JOINER}")


def _span(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


_REMOVED: Final = dict.fromkeys(
    [
        *(0x00AD, 0x034F, 0x061C, 0x180E, 0x2060, 0xFEFF),
        *_span(0x200B, 0x200C),
        *_span(0x200E, 0x200F),
        *_span(0x202A, 0x202E),
        *_span(0x2066, 0x2069),
        *_span(0xFE00, 0xFE0F),
        *_span(0x1F3FB, 0x1F3FF),
        *(0x00AE, 0x2120, 0x2122),
        *_span(0x064B, 0x0652),
        *(0x0640, 0x0670),
        *_span(0x0591, 0x05BD),
        *(0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7),
    ]
)
_ONE_SIGN: Final[dict[int, str | None]] = {
    **dict.fromkeys([*_span(0x2010, 0x2015), 0x002D, 0x2212, 0x30FB], " "),
    **dict.fromkeys([0x2018, 0x2019, 0x201B, 0x02BC, 0x02B9, 0x0060, 0x00B4, 0x2032], "'"),
    **_REMOVED,
}
# Both before and after normalising: it takes some signs apart (an acute becomes a blank with a mark), and makes others.
_FOLDED: Final[dict[int, str | None]] = {
    **_ONE_SIGN,
    0x03AC: "\u03b1",
    0x03AD: "\u03b5",
    0x03AE: "\u03b7",
    0x03AF: "\u03b9",
    0x03CC: "\u03bf",
    0x03CD: "\u03c5",
    0x03CE: "\u03c9",
    0x0451: "\u0435",
    0x0131: "i",
}
"""The signs once more, then Greek vowels without their accent, Cyrillic yo as ye, the Turkish dotless i as i."""
_IN_PARTS: Final = (("i\u0307", "i"), ("\u03b9\u0308\u0301", "\u03ca"), ("\u03c5\u0308\u0301", "\u03cb"))
"""What case folding leaves in parts: the Turkish dot, the Greek accent over a diaeresis."""


def plain(text: str) -> str:
    """Return `text` in the one spelling; the same for all spellings of the same, in a time linear in its length."""
    if text.isascii():
        return " ".join(text.lower().replace("-", " ").replace("`", "'").split())
    text = _MARKS_IN_A_ROW.sub(r"\1", text.translate(_ONE_SIGN))
    text = unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)
    for parts, whole in _IN_PARTS:
        text = text.replace(parts, whole)
    if JOINER in text:
        text = _JOINED_LETTERS.sub("", text)
    return " ".join(text.split())


_SPACELESS: Final = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Burmese
    (0x1100, 0x11FF),  # Hangul: particles stand at the end of a word without a blank
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai
    (0x1A20, 0x1AAF),
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3040, 0x318F),  # Kana, Bopomofo, Hangul
    (0x31A0, 0x31FF),
    (0x3400, 0x9FFF),  # Han
    (0xA960, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)


def is_spaceless(character: str) -> bool:
    """Tell whether `character` is of a script whose words follow one another without a blank."""
    code = ord(character)
    return any(first <= code <= last for first, last in _SPACELESS)
