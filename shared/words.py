"""The words and hashtags of a cleaned text, in any script.

A word is a run of letters, digits and marks of the text in Unicode's NFKC, case folded; it has a letter, and may have
an apostrophe or a joiner inside. Where a script puts no blanks between words, a simpler unit stands for the word, so
no word list is needed: each two neighbouring characters of Chinese and of Japanese hiragana (the bigrams that search
engines index), a whole run of katakana, and each four neighbouring letters, with their marks, of Thai, Lao, Burmese
and Khmer. A longer word of these then trends as the several units that it is made of.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from shared.text import EMAIL, LINK, MENTION, PHONE

MOST_CHARACTERS: Final = 2000
"""What is read of a text: long pages of the web would otherwise outweigh posts in time and in words."""
LEAST: Final = 2
MOST: Final = 40
"""Characters of a word; a hashtag may have twice as many."""
_PAIR: Final = 2
_FOUR: Final = 4
_END: Final = 0x20000
"""From here on Unicode has Chinese characters, and neither marks nor other letters."""


def _ranges(numbers: Iterable[int]) -> str:
    """Return the body of a pattern's class of these characters, given in ascending order."""
    runs = groupby(enumerate(numbers), lambda item: item[1] - item[0])
    bounds = ([number for _, number in run] for _, run in runs)
    return "".join(f"\\U{run[0]:08x}-\\U{run[-1]:08x}" for run in bounds)


_MARKS: Final = _ranges(number for number in range(0x300, _END) if unicodedata.category(chr(number))[0] == "M")
_PAIRED: Final = "\u3005\u3007\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA: Final = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_FOURS: Final = (
    "\u0e00-\u0e3a\u0e40-\u0e4e\u0e80-\u0eff\u1000-\u103f\u1050-\u109f\u1780-\u17d3\ua9e0-\ua9fe\uaa60-\uaa7f"
)
_PLACEHOLDERS: Final = (MENTION, LINK, EMAIL, PHONE)
_PLACEHOLDER: Final = re.compile(
    rf"{re.escape(MENTION)}(?![A-Za-z0-9_])|(?<![A-Za-z0-9_]){re.escape(LINK)}(?![A-Za-z0-9_])"
    rf"|{re.escape(EMAIL)}|{re.escape(PHONE)}"
)
_HASHTAG: Final = re.compile(rf"(?<![A-Za-z0-9_&#])#([\w{_MARKS}\u200c\u200d]+)")
_WITHOUT_BLANKS: Final = re.compile(f"[{_PAIRED}{_KATAKANA}{_FOURS}]")
_OTHER: Final = "A-Za-z0-9" + _ranges(
    number
    for number in range(0x80, _END)
    if (chr(number).isalnum() or unicodedata.category(chr(number))[0] == "M") and not _WITHOUT_BLANKS.match(chr(number))
)
_RUN: Final = re.compile(
    rf"(?P<word>[{_OTHER}]+(?:['\u200c\u200d][{_OTHER}]+)*)"
    rf"|(?P<pairs>[{_PAIRED}]+)|(?P<katakana>[{_KATAKANA}]+)|(?P<fours>[{_FOURS}]+)"
)
_LETTER_WITH_MARKS: Final = re.compile(rf"[^{_MARKS}][{_MARKS}]*|[{_MARKS}]+")
_INNER: Final = re.compile(rf"[\w{_MARKS}](?:.*[\w{_MARKS}])?", re.DOTALL)


def folded(text: str) -> str:
    """Return the text as it is compared: NFKC, case folded, without placeholders of cleaning, its first part only."""
    plain = without_placeholders(text[:MOST_CHARACTERS]).replace("\u2019", "'")
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())


def without_placeholders(text: str) -> str:
    """Return the text with an end of line in place of each placeholder of cleaning."""
    # Most texts have none, and to look for a plain string is many times faster.
    return _PLACEHOLDER.sub("\n", text) if any(one in text for one in _PLACEHOLDERS) else text


def words_in(folded_text: str) -> set[str]:
    """Return the words of a text that `folded` made, without those of hashtags: 2 to 40 characters, with a letter."""
    text = _HASHTAG.sub("\n", folded_text) if "#" in folded_text else folded_text
    return set(_fitting(text))


def sequence_in(folded_text: str) -> list[str]:
    """Return the words and the hashtags of a text that `folded` made, in its order and as often as it has them."""
    found: list[str] = []
    done = 0
    for match in _HASHTAG.finditer(folded_text) if "#" in folded_text else ():
        found += _fitting(folded_text[done : match.start()])
        if LEAST <= len(match[1]) <= 2 * MOST and _spelt(match[1]):
            found.append(match[0])
        done = match.end()
    return found + _fitting(folded_text[done:])


def hashtags_in(folded_text: str) -> set[str]:
    """Return the hashtags of a text that `folded` made, each with its `#` and a letter, 2 to 80 characters after it."""
    found = _HASHTAG.findall(folded_text) if "#" in folded_text else ()
    return {f"#{body}" for body in found if LEAST <= len(body) <= 2 * MOST and _spelt(body)}


def folded_name(name: str) -> str:
    """Return the name of an entity as it is compared: as `folded`, single blanks, no punctuation around it."""
    return _inner(" ".join(folded(name).split()))


def shown_name(name: str) -> str:
    """Return the name of an entity as it was written, without the placeholders and punctuation around it."""
    plain = without_placeholders(name[:MOST_CHARACTERS])
    return _inner(" ".join(plain.split()))


def _inner(name: str) -> str:
    """Return the name from its first letter, digit or mark to its last, in time that grows with its length alone."""
    match = _INNER.search(name)
    return match[0] if match else ""


def _fitting(text: str) -> list[str]:
    return [word for word in _words(text) if LEAST <= len(word) <= MOST and _spelt(word)]


def _words(folded_text: str) -> Iterator[str]:
    for match in _RUN.finditer(folded_text):
        run = match[0]
        match match.lastgroup:
            case "pairs":
                yield from _neighbours(list(run), _PAIR)
            case "fours":
                yield from _neighbours(_LETTER_WITH_MARKS.findall(run), _FOUR)
            case _:
                yield run


def _neighbours(characters: list[str], many: int) -> Iterator[str]:
    """Return each `many` neighbours as one, or all of them where they are fewer."""
    for start in range(max(1, len(characters) - many + 1)):
        yield "".join(characters[start : start + many])


def _spelt(word: str) -> bool:
    return word.isalpha() or any(character.isalpha() for character in word)
