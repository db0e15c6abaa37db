"""A brand's rules as X's: the filtered stream and recent search take the same language.

Source of the limits and operators: docs.x.com, "Build a rule" and "Build a query" of X API v2.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.brand_query import XRule
from services.ingest.brands.expression import OPERATORS, Clause, Expression, Term

MAX_RULE: Final = 512
"""Characters that every plan takes in a rule and in a query of recent search."""
_MAX_CONDITIONS: Final = 256
"""Characters of a rule kept for what all rules share: the other half is for what to look for."""
# fmt: off
_LANGUAGES: Final = frozenset({
    "am", "ar", "bg", "bn", "bo", "bs", "ca", "ckb", "cs", "cy", "da", "de", "dv", "el", "en", "es", "et", "eu",
    "fa", "fi", "fr", "gu", "he", "hi", "hr", "ht", "hu", "hy", "id", "is", "it", "ja", "ka", "km", "kn", "ko",
    "lo", "lt", "lv", "ml", "mr", "my", "ne", "nl", "no", "or", "pa", "pl", "ps", "pt", "ro", "ru", "sd", "si",
    "sk", "sl", "sr", "sv", "ta", "te", "th", "tl", "tr", "ug", "uk", "ur", "vi",
})
# fmt: on
"""What `lang:` takes. Chinese is left out: X has codes of its own for it, so it is told apart here."""
_HANDLE: Final = re.compile(r"[A-Za-z0-9_]{1,15}")
_CUT_AT: Final = frozenset({"Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sk"})
_NAMES_ON_X: Final = {"id": "in", "he": "iw"}


@dataclass(frozen=True)
class CompiledRules:
    """A brand's rules for X, and what they leave out.

    `asked` names what of the brand every rule holds whole. `local` are sentences on exclusions that are looked at
    here, `too_long` are the pieces that fit no rule, `remarks` are sentences on signs that X does not see.
    """

    rules: tuple[XRule, ...]
    asked: frozenset[str]
    local: list[str]
    too_long: list[str]
    remarks: list[str]


def compile_x_rules(stored: StoredBrand) -> CompiledRules:
    """Return the rules, each within 512 characters and complete in itself, and what is left to be looked at here."""
    brand = stored.settings
    conditions, asked, local = _conditions(brand)
    room = MAX_RULE - _length(conditions)
    fitting: list[str] = []
    too_long: list[str] = []
    for fragment in _fragments(brand):
        (fitting if _length(fragment) <= room else too_long).append(fragment)
    values = [packed + conditions for packed in _packed(fitting, room)]
    rules = tuple(XRule(value, f"voxpop:{stored.brand}:{_digest(value)}") for value in values)
    return CompiledRules(rules, asked, local, too_long, list(_read_otherwise(brand)))


def _conditions(brand: BrandSettings) -> tuple[str, frozenset[str], list[str]]:
    """Return what every rule ends with, the names of the rules that it holds whole, and sentences on the rest."""
    conditions, asked, local = "", set(), []
    if brand.reposts == "drop":
        conditions += " -is:retweet"
        asked.add("reposts")
    languages = " OR ".join(f"lang:{_NAMES_ON_X.get(code, code)}" for code in brand.languages)
    if len(brand.languages) > 1:
        languages = f"({languages})"
    if (
        languages
        and _LANGUAGES.issuperset(brand.languages)
        and _length(conditions) + _length(languages) < _MAX_CONDITIONS
    ):
        conditions += f" {languages}"
        asked.add("languages")
    asked.add("exclusions")
    for exclusion in brand.unwanted():
        negated = _negated(exclusion)
        if negated is None:
            local.append(f"exclusion {exclusion}: X cannot negate words that must come together; left out here")
        elif _length(conditions) + _length(negated) >= _MAX_CONDITIONS:
            local.append(f"exclusion {exclusion}: no room in a rule; left out here")
        else:
            conditions += negated
    return conditions, frozenset(asked), local


def _negated(exclusion: Expression) -> str | None:
    """Return what keeps an exclusion out; X negates single operators alone, so all-of has no form there."""
    if len(exclusion.clauses) != 1:
        return None
    return "".join(f" -{_operator(term)}" for term in exclusion.clauses[0].terms)


def _fragments(brand: BrandSettings) -> list[str]:
    """Return one piece for each thing to look for, as an operand of OR."""
    handles = [f"@{handle}" for handle in brand.handles.get("x", [])]
    wanted = [_whole(expression) for expression in brand.wanted()]
    own = [f"from:{account}" for account in brand.own_accounts.get("x", [])]
    return list(dict.fromkeys([*handles, *wanted, *own]))


def _whole(expression: Expression) -> str:
    joined = " ".join(_clause(clause) for clause in expression.clauses)
    return f"({joined})" if len(expression.clauses) > 1 else joined


def _clause(clause: Clause) -> str:
    if clause.negated:
        return " ".join(f"-{_operator(term)}" for term in clause.terms)
    joined = " OR ".join(_operator(term) for term in clause.terms)
    return f"({joined})" if len(clause.terms) > 1 else joined


def _operator(term: Term) -> str:
    """Return a term as X writes it: a bare token, or a phrase, in which nothing is an operator.

    A handle that X cannot have (of another platform) is looked for as a phrase.
    """
    if term.kind == "hashtag":
        return f"#{term.text}"
    if term.kind == "mention" and _HANDLE.fullmatch(term.text):
        return f"@{term.text}"
    if term.text not in OPERATORS and all(character.isalnum() or character == "_" for character in term.text):
        return term.text
    phrase = " ".join(term.text.replace("\\", " ").replace('"', " ").split())
    return f'"{phrase}"'


def _read_otherwise(brand: BrandSettings) -> Iterator[str]:
    """Yield a sentence for each term whose signs X does not see: it cuts texts and phrases at them."""
    for expression in [*brand.wanted(), *brand.unwanted()]:
        for term in (term for clause in expression.clauses for term in clause.terms if term.kind == "words"):
            unseen = sorted({sign for sign in term.text if unicodedata.category(sign) in _CUT_AT and sign not in "-'"})
            if unseen:
                yield f'X does not see {" ".join(unseen)} in "{term.text}" and matches the words around it alone'


def _packed(fragments: Iterable[str], room: int) -> list[str]:
    """Return groups of fragments joined by OR, in order, each within `room` with its parentheses."""
    groups: list[list[str]] = []
    for fragment in fragments:
        if groups and _length(_joined([*groups[-1], fragment])) <= room:
            groups[-1].append(fragment)
        else:
            groups.append([fragment])
    return [_joined(group) for group in groups]


def _joined(group: list[str]) -> str:
    return f"({' OR '.join(group)})" if len(group) > 1 else group[0]


def _length(value: str) -> int:
    """Return the length in UTF-16 units, the most that a network counts for a character outside the first plane."""
    return len(value) + sum(character > "\uffff" for character in value)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]
