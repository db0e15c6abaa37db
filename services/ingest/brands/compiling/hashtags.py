"""Hashtags to ask for, where a network can be asked for nothing else."""

from collections.abc import Iterator
from contextlib import suppress

from services.ingest.brands.brand import BrandSettings
from services.ingest.brands.expression import Clause, Expression, Term, TermError


def hashtags_of(brand: BrandSettings) -> tuple[list[str], list[str], list[str]]:
    """Return hashtags (in lower case, without `#`, each once), sentences on what they cover in part, and not at all.

    An expression is heard whole where one of its clauses is hashtags alone: whatever matches it holds one of them.
    A single word is heard in part, by the hashtag of that name: a text that holds it otherwise does not come. Those
    hashtags come last, so that they are the first to go where a network limits them.
    """
    certain: dict[str, None] = {}
    possible: dict[str, None] = {}
    partly, unheard = [], []
    for expression in brand.wanted():
        whole = _of_hashtags_alone(expression)
        found = whole or list(_of_words(expression))
        (certain if whole else possible).update(dict.fromkeys(found))
        if not found:
            unheard.append(f"{expression}: holds no hashtag and is no single word")
        elif not whole:
            partly.append(f"{expression}: heard only where it is a hashtag, #{', #'.join(found)}")
    return list(certain | possible), partly, unheard


def _of_hashtags_alone(expression: Expression) -> list[str]:
    """Return the hashtags of the shortest clause that holds nothing else."""
    clauses = [clause for clause in expression.sought if all(term.kind == "hashtag" for term in clause.terms)]
    return [term.text.lower() for term in min(clauses, key=_length).terms] if clauses else []


def _length(clause: Clause) -> int:
    return len(clause.terms)


def _of_words(expression: Expression) -> Iterator[str]:
    """Yield the hashtags that single words make, where the expression is one clause to look for."""
    if len(expression.sought) == 1:
        for term in expression.sought[0].terms:
            if term.kind != "mention":
                with suppress(TermError):
                    yield Term.hashtag(term.text).text.lower()
