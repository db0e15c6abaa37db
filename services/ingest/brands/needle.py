"""Words to find in a text, in scripts with blanks between words and in those without."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from services.ingest.brands.spelling import JOINER, is_spaceless

_MOST_FLAG_LETTERS: Final = 64


@dataclass(frozen=True)
class Needle:
    """`words` in their one spelling, found as whole words: not inside a longer word, nor inside a longer emoji.

    Scripts that put no blank between words (Han, kana, Thai ...) and Hangul, whose particles follow a word without
    one, have no end of a word to ask for: there the words are found wherever they stand.
    """

    words: str

    def is_in(self, plain_text: str) -> bool:
        """Tell whether a text in its one spelling holds the words; each place is looked at once."""
        start = plain_text.find(self.words)
        while start >= 0:
            if not (_cuts(plain_text, start) or _cuts(plain_text, start + len(self.words))):
                return True
            start = plain_text.find(self.words, start + 1)
        return False


def _cuts(text: str, place: int) -> bool:
    """Tell whether a cut before `place` goes through a word, a letter with its marks, or an emoji."""
    if place in (0, len(text)):
        return False
    left, right = text[place - 1], text[place]
    if " " in (left, right):
        return False
    if JOINER in (left, right) or _is_tag(right) or unicodedata.category(right)[0] == "M":
        return True
    if _is_flag_letter(left) and _is_flag_letter(right):
        return _flag_letters_before(text, place) % 2 == 1
    return _is_of_word(left) and _is_of_word(right) and not (is_spaceless(left) or is_spaceless(right))


def _flag_letters_before(text: str, place: int) -> int:
    """Count flag letters in a row, up to an even bound: a longer row would make each place as dear as its length."""
    count = 0
    while count < min(_MOST_FLAG_LETTERS, place) and _is_flag_letter(text[place - count - 1]):
        count += 1
    return count


def _is_of_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def _is_flag_letter(character: str) -> bool:
    """Tell a regional indicator: two of them are one flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_tag(character: str) -> bool:
    """Tell a character that makes the flag before it a region's, such as Scotland's."""
    return "\U000e0020" <= character <= "\U000e007f"
