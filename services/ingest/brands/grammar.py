"""The grammar of keywords and exclusions.

    expression = clause { clause }                          all of them
    clause     = [ "-" ] ( term | "(" term { "OR" term } ")" )
    term       = word | '"' words '"' | "#" hashtag | "@" handle

`delayed flight` wants both words, anywhere; `"delayed flight"` wants them one after the other; `jaguar (car OR
"test drive") -zoo` wants the first, one of the second, and not the last. `|` is the same as `OR`. Reading takes one
pass over the characters: nothing of it becomes a regular expression.
"""

from collections.abc import Iterator
from typing import Final

from services.ingest.brands.expression import OPERATORS, Clause, Expression, Term, TermError

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
