"""What a keyword or an exclusion means: some terms that must be there, and some that must not."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, Self

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


MAX_CHARACTERS: Final = 200
MAX_TERMS: Final = 20
_QUOTES: Final = '"\u201c\u201d\u201e\u201f\uff02'
_ENDS: Final = "()|" + _QUOTES


def parse(text: str) -> Expression:
    """Return what `text` means; `str` of it is the canonical form.

    Raises TermError, whose message says what is wrong and what to write instead.
    """
    if len(text) > MAX_CHARACTERS:
        raise TermError(f"must have {MAX_CHARACTERS} characters at most; make an entry of its own of each part")
    clauses = tuple(_clauses(list(_marks(text))))
    expression = Expression(clauses)
    if not clauses:
        raise TermError("must not be blank")
    if not expression.sought:
        raise TermError("must hold something to look for; what must not be there alone belongs into exclusions")
    if sum(len(clause.terms) for clause in clauses) > MAX_TERMS:
        raise TermError(f"must have {MAX_TERMS} terms at most; make an entry of its own of each part")
    canonical = str(expression)
    if len(canonical) > MAX_CHARACTERS:
        raise TermError(f"must have {MAX_CHARACTERS} characters at most in its canonical form; split it")
    return expression


def _marks(text: str) -> Iterator[str | Term]:
    """Yield `(`, `)`, `|`, `-` and terms, in order."""
    place = 0
    while place < len(text):
        character = text[place]
        if character.isspace():
            place += 1
        elif character in "()|":
            yield character
            place += 1
        elif character in _QUOTES:
            end = next((at for at in range(place + 1, len(text)) if text[at] in _QUOTES), None)
            if end is None:
                raise TermError('a " is not closed')
            yield Term.words(text[place + 1 : end])
            place = end + 1
        elif character == "-":
            yield "-"
            place += 1
        else:
            end = place
            while end < len(text) and not text[end].isspace() and text[end] not in _ENDS:
                end += 1
            yield _bare(text[place:end])
            place = end


def _bare(word: str) -> str | Term:
    if word == "OR":
        return "|"
    if word in OPERATORS:
        remedy = "leave it out, words beside one another must all be there" if word == "AND" else "write -word"
        raise TermError(f'{word} is no operator: {remedy}; or put it into quotes, "{word}"')
    if word[0] in "#\uff03":
        return Term.hashtag(word[1:])
    if word[0] in "@\uff20":
        return Term.mention(word[1:])
    return Term.words(word)


def _clauses(marks: list[str | Term]) -> Iterator[Clause]:
    place = 0
    while place < len(marks):
        negated = marks[place] == "-"
        place += negated
        if place == len(marks):
            raise TermError("a - must stand before a word, a phrase or a group")
        mark = marks[place]
        if isinstance(mark, Term):
            yield Clause((mark,), negated)
            place += 1
        elif mark == "(":
            terms, place = _group(marks, place + 1)
            yield Clause(terms, negated)
        elif mark == ")":
            raise TermError("a ) has no ( before it")
        elif mark == "|":
            raise TermError('alternatives stand in parentheses, such as ("delayed flight" OR cancelled)')
        else:
            raise TermError("a - must stand before a word, a phrase or a group")


def _group(marks: list[str | Term], place: int) -> tuple[tuple[Term, ...], int]:
    """Return the alternatives from `place` on, and the place after their closing parenthesis."""
    terms: list[Term] = []
    wants_term = True
    for at in range(place, len(marks)):
        mark = marks[at]
        if mark == ")" and not wants_term:
            return tuple(dict.fromkeys(terms)), at + 1
        if isinstance(mark, Term) and wants_term:
            terms.append(mark)
        elif not (mark == "|" and not wants_term):
            raise TermError("parentheses hold alternatives with OR between them, such as (late OR delayed)")
        wants_term = not wants_term
    raise TermError("a ( is not closed")
