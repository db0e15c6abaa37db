"""Terms of health, politics, religion, ethnicity, sexuality, gender, age: they name no segment and reach no audience.

The words are a written list in eight languages (`sensitive_terms.toml`, which says how it is read), for no library has
one: lists of offensive words are about something else. A list misses words and holds back innocent ones; the second is
the error to prefer.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from shared.words import folded, sequence_in

LIST: Final = Path(__file__).with_name("sensitive_terms.toml")
LONGEST: Final = 24
"""Letters of an entry."""
LEAST_INSIDE: Final = 5
"""Letters of a stem that is looked for inside of hashtags, which are written without blanks; of a whole word, more."""
_ACCENTS: Final = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True)
class SensitiveWords:
    """The list made ready: whole words, what words begin with, pairs of words, and what hashtags hold."""

    words: frozenset[str]
    starts: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    inside: frozenset[str]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "SensitiveWords":
        """Sort the entries of the list."""
        plain = {_plain(entry) for entry in entries}
        stems = {entry[:-1] for entry in plain if entry.endswith("*")}
        whole = plain - {f"{stem}*" for stem in stems}
        pairs = {(first, second) for first, _, second in (entry.partition("_") for entry in whole) if second}
        inside = {each for each in stems if len(each) >= LEAST_INSIDE} | {first + second for first, second in pairs}
        inside |= {each for each in whole if len(each) > LEAST_INSIDE and "_" not in each}
        return cls(frozenset(whole), frozenset(stems), frozenset(pairs), frozenset(inside))

    def holds(self, term: str) -> bool:
        """Tell whether a word of the term, or two of them together, is on the list."""
        plain = _plain(term)
        if plain.startswith("#"):
            body = plain[1:].replace("_", "")
            return body in self.words or self._begins(body) or self._has_inside(body)
        words = [word.removesuffix("'s") for word in sequence_in(plain)]
        return (
            not self.words.isdisjoint(words)
            or any(self._begins(word) for word in words)
            or not self.pairs.isdisjoint(pairwise(words))
        )

    def _begins(self, word: str) -> bool:
        return any(word[:end] in self.starts for end in range(1, min(len(word), LONGEST) + 1))

    def _has_inside(self, body: str) -> bool:
        lengths = range(LEAST_INSIDE, LONGEST + 1)
        return any(body[start : start + length] in self.inside for start in range(len(body)) for length in lengths)


def is_sensitive(term: str) -> bool:
    """Tell whether a word, several words or a hashtag is of a kind that is inferred of no person."""
    return _listed().holds(term)


@cache
def _listed() -> SensitiveWords:
    kinds = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return SensitiveWords.of(
        entry for languages in kinds.values() for text in languages.values() for entry in text.split()
    )


def _plain(term: str) -> str:
    """Return the term folded, without accents."""
    text = folded(term)
    return (
        text if text.isascii() else unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    )
