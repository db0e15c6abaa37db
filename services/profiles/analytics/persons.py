"""The persons that posts name, and what else would show them: the name in another form, or a part of it.

The tagger errs, and each form of a name is tagged by itself: "Jane Doe" is a person where "Doe, Jane", "Ms. Doe" or
"Jane Doe-Smith" is read as a place. So a name that was once read as a person's is looked for in everything, whatever
it was read as. A text counts as naming a person where its words contain all words of a known name, or where all its
words but titles are of one; words are compared without case, accents, titles and "'s", in any order, and are found
inside hashtags and handles that write a name without blanks, those of two letters only where that is all.

This holds back more than persons: a person called Ford makes "Ford Motor" a name too. That is the error to prefer.
What is held back is shown nevertheless once five authors wrote it, so an error of this kind costs an answer one of its
rarest entries, where the other kind would show a person of whom hardly any author spoke. A name that was read as a
person's in no post that was looked through is not known; against that stands only that one author alone gets no
entity shown.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from shared.analyzed_post import AnalyzedPost
from shared.words import LEAST, folded_name, words_in

_LISTED: Final = (
    "mr mrs ms miss mx dr doctor prof professor sir dame lord lady rev reverend father sister captain capt officer "
    "president senator minister judge herr frau dipl ing mme mlle madame monsieur sr sra srta senor senora senorita "
    "don dona dott signor signora jr phd md esq"
)
TITLES: Final = frozenset(_LISTED.split())
"""Words that are no part of a name; without accents."""
_SEPARATOR: Final = re.compile(r"[#_\d]+")
_LETTERS: Final = re.compile(r"\w+")
_POSSESSIVE: Final = "'s"
_LEAST_INSIDE: Final = 3


def names_in(posts: Iterable[AnalyzedPost]) -> set[str]:
    """Return the names of persons in the posts, as `folded_name` makes them."""
    written = {entity.text for post in posts for entity in post.analysis.entities or () if entity.type == "person"}
    return {folded_name(name) for name in written} - {""}


class Persons:
    """Known persons' names, made ready to be looked for."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take names that `folded_name` made."""
        plain = {_plain(name) for name in names}
        self._whole = plain | {_in_one(name) for name in plain} - {""}
        self._names = list({words for name in plain if (words := _words(name) - TITLES)})
        self._holders: dict[str, set[int]] = {}
        for number, words in enumerate(self._names):
            for word in words:
                self._holders.setdefault(word, set()).add(number)
        # Each name is found by its rarest word, so that a first name that many have leads to few of them.
        self._by_rarest: dict[str, list[frozenset[str]]] = {}
        for words in self._names:
            rarest = min(words, key=lambda word: (len(self._holders[word]), word))
            self._by_rarest.setdefault(rarest, []).append(words)
        self._lengths = sorted({len(word) for word in self._holders if len(word) >= _LEAST_INSIDE})

    def named_in(self, text: str) -> bool:
        """Tell whether an entity's name, a word or a hashtag, as `folded` makes them, would show a known person."""
        plain = _plain(text)
        words = _words(plain)
        return (
            plain.removeprefix("#").replace("_", "") in self._whole
            or not self._whole.isdisjoint(words - TITLES)
            or self._has_all(words, 1)
            or self._are_of_one(words - TITLES)
            or any(self._is_written_in(run) for run in plain.split())
        )

    def _has_all(self, words: Iterable[str], least: int) -> bool:
        """Tell whether all words of one name, of at least so many, are among these."""
        found = frozenset(words)
        return any(len(name) >= least and name <= found for word in found for name in self._by_rarest.get(word, ()))

    def _are_of_one(self, words: frozenset[str]) -> bool:
        """Tell whether these are all words of one name."""
        holders = sorted((self._holders.get(word, set()) for word in words), key=len)
        return bool(holders) and bool(set.intersection(*holders))

    def _is_written_in(self, run: str) -> bool:
        """Tell whether a run without blanks has all words of a name of several, or is a title and a word of a name."""
        inside = {
            run[start : start + length]
            for length in self._lengths
            for start in range(len(run) - length + 1)
            if run[start : start + length] in self._holders
        }
        word = run.removeprefix("#").removesuffix(_POSSESSIVE)
        titled = any(word.startswith(title) and word.removeprefix(title) in self._holders for title in TITLES)
        return titled or self._has_all(inside, 2)


def _in_one(plain: str) -> str:
    """Return the name as a hashtag writes it: without blanks, punctuation and titles."""
    return "".join(word for word in _LETTERS.findall(plain) if word not in TITLES)


def _words(plain: str) -> frozenset[str]:
    found = (word.removesuffix(_POSSESSIVE) for word in words_in(_SEPARATOR.sub(" ", plain)))
    return frozenset(word for word in found if len(word) >= LEAST)


def _plain(text: str) -> str:
    """Return the text without accents and other marks."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if unicodedata.category(character) != "Mn")
