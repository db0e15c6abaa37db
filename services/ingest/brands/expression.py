"""What a keyword or an exclusion means: some terms that must be there, and some that must not."""

import unicodedata
from dataclasses import dataclass
from typing import Literal, Self

from services.ingest.brands.spelling import plain

OPERATORS = ("OR", "AND", "NOT")
_SPECIAL = frozenset('"()|')
_UNSEEN = frozenset({"Cc", "Cs", "Co"})
_FIRST_EMOJI = "\U0001f000"

Kind = Literal["words", "hashtag", "mention"]


class TermError(ValueError):
    """A term that cannot be looked for; the message says why and what to write."""


@dataclass(frozen=True)
class Term:
    """One thing that a text holds or does not: words one after the other, a whole hashtag, or a mention of a handle.

    `text` is as it was written, in NFC with single blanks, without the `#` or `@`.
    """

    kind: Kind
    text: str

    @classmethod
    def words(cls, text: str) -> Self:
        """Return a word or phrase; raises TermError where it holds no letter, number or symbol."""
        text = _written(text)
        if not any(_says_something(character) for character in plain(text)):
            raise TermError("a word or phrase must hold a letter, a number or an emoji")
        return cls("words", text)

    @classmethod
    def hashtag(cls, text: str) -> Self:
        """Return a hashtag given without `#`; raises TermError where no platform takes it for one."""
        text = _written(text)
        if not all(is_of_hashtag(character) for character in plain(text)) or not plain(text) or plain(text).isdigit():
            raise TermError("a hashtag must be letters, digits and _ without a blank, and not digits alone")
        return cls("hashtag", text)

    @classmethod
    def mention(cls, text: str) -> Self:
        """Return a mention given without `@`; raises TermError where it is no handle of any platform."""
        text = _written(text)
        if not text.isascii() or not text[:1].isalnum() | (text[:1] == "_") or not is_of_handle(text):
            raise TermError("a handle after @ must be letters, digits, _, . and -, such as @aerolume")
        return cls("mention", text)

    def __str__(self) -> str:
        """Return the term as the grammar writes it."""
        if self.kind == "hashtag":
            return f"#{self.text}"
        if self.kind == "mention":
            return f"@{self.text}"
        bare = (
            self.text not in OPERATORS
            and self.text[0] not in "-#@\uff03\uff20"
            and not any(character.isspace() or character in _SPECIAL for character in self.text)
        )
        return self.text if bare else f'"{self.text}"'


@dataclass(frozen=True)
class Clause:
    """At least one of `terms` is there; where `negated`, none is."""

    terms: tuple[Term, ...]
    negated: bool = False

    def __str__(self) -> str:
        """Return the clause as the grammar writes it."""
        inner = " OR ".join(map(str, self.terms))
        return ("-" if self.negated else "") + (f"({inner})" if len(self.terms) > 1 else inner)


@dataclass(frozen=True)
class Expression:
    """All of `clauses` hold; at least one of them is not negated."""

    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, term: Term) -> Self:
        """Return the expression that is one term."""
        return cls((Clause((term,)),))

    @property
    def sought(self) -> tuple[Clause, ...]:
        """The clauses that are not negated."""
        return tuple(clause for clause in self.clauses if not clause.negated)

    def __str__(self) -> str:
        """Return the canonical form: what `parse` reads as this same expression."""
        return " ".join(map(str, self.clauses))


def is_of_hashtag(character: str) -> bool:
    """Tell whether a hashtag may hold `character`: a letter, a digit, a mark or `_`, of any script."""
    return character == "_" or character.isalnum() or unicodedata.category(character)[0] == "M"


def is_of_handle(text: str) -> bool:
    """Tell whether `text` is made of what handles hold; those of Mastodon hold an `@` in the middle."""
    return bool(text) and all(character.isalnum() or character in "_.-@:" for character in text)


def _says_something(character: str) -> bool:
    """Tell a letter, number, currency or emoji; emoji younger than this Python's Unicode have no category yet."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category in ("So", "Sc") or (category == "Cn" and character >= _FIRST_EMOJI)


def _written(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        raise TermError("must not hold control characters")
    return text
