"""Words by which an author opts out of replies."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from shared.text import EMAIL, LINK, MENTION, PHONE

_PLACEHOLDERS: Final = frozenset({MENTION, LINK, EMAIL.strip("<>"), PHONE.strip("<>")})
_WORDS: Final = re.compile(r"[@#]?\w[\w'\u2019-]*")


class OptOutWords:
    """Phrases such as "stop" or "do not reply".

    A phrase of several words, or a hashtag, counts wherever it stands in a text; a single word counts where the text is
    nothing else but mentions and links: "stop" is a wish, "stop losing my bags" is a complaint.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        """Take the phrases; case and accents' composition do not matter."""
        split = [_words(phrase) for phrase in phrases]
        self._alone = {tuple(words) for words in split if len(words) == 1 and not words[0].startswith("#")}
        self._anywhere = [words for words in split if len(words) > 1 or (words and words[0].startswith("#"))]

    def are_in(self, text: str) -> bool:
        """Tell whether a cleaned text asks for no replies."""
        words = [word for word in _words(text) if word.lstrip("@") not in _PLACEHOLDERS and not word.startswith("@")]
        return tuple(words) in self._alone or any(_contains(words, phrase) for phrase in self._anywhere)


def _words(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'"))


def _contains(words: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    return any(list(words[start : start + size]) == list(phrase) for start in range(len(words) - size + 1))
