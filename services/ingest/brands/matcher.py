"""Words to find in a text, in scripts with blanks between words and in those without."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from services.ingest.brands.brand import Accounts, BrandSettings, Reposts, told_language
from services.ingest.brands.expression import Clause, Expression, Term, is_of_hashtag
from services.ingest.brands.own_accounts import OwnAccounts, account_name
from services.ingest.brands.spelling import JOINER, is_spaceless, plain
from shared.analyzed_post import Platform

_MOST_FLAG_LETTERS: Final = 64


def holds(plain_text: str, words: str) -> bool:
    """Tell whether a text holds words as whole ones, both in their one spelling: not inside a longer word or emoji.

    Scripts that put no blank between words (Han, kana, Thai ...) and Hangul, whose particles follow a word without
    one, have no end of a word to ask for: there the words are found wherever they stand. Each place is looked at once.
    """
    start = plain_text.find(words)
    while start >= 0:
        if not (_cuts(plain_text, start) or _cuts(plain_text, start + len(words))):
            return True
        start = plain_text.find(words, start + 1)
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


MAX_READ: Final = 10_000
"""Characters that are looked at: a longer post is none that ingest takes."""

_HASHES: Final = "#\uff03"
_ATS: Final = "@\uff20"
_JOINERS: Final = "\u200c" + JOINER
# Fixed patterns, bounded, matched from each @ on. Boundaries are ASCII: other scripts stand beside a handle unspaced.
_MENTION = re.compile(rf"(?<![A-Za-z0-9_.+-])[{_ATS}]([A-Za-z0-9_](?:[A-Za-z0-9_.@:-]{{0,299}}[A-Za-z0-9_])?)")
_PLAIN_MENTION = re.compile(rf"(?<![A-Za-z0-9_.+-])[{_ATS}]([A-Za-z0-9_]{{1,50}})")


@dataclass(frozen=True, repr=False)
class PostText:
    """The text with what the platform lists beside it; each view of it is made when it is first asked for.

    Where `dotted_handles`, `@aerolume.example` is another handle than `@aerolume`: everywhere but on X.
    """

    raw: str
    told_hashtags: Sequence[str] = ()
    told_mentions: Sequence[str] = ()
    dotted_handles: bool = True

    @cached_property
    def plain(self) -> str:
        """The text in its one spelling."""
        return plain(self.raw[:MAX_READ])

    @cached_property
    def hashtags(self) -> frozenset[str]:
        """The hashtags in their one spelling, without `#`, those that the platform told of included."""
        return frozenset(plain(tag) for tag in (*_hashtags(self.raw[:MAX_READ]), *_bare(self.told_hashtags, _HASHES)))

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The handles in lower case, without `@`, those that the platform told of included."""
        pattern = _MENTION if self.dotted_handles else _PLAIN_MENTION
        found = pattern.findall(self.raw[:MAX_READ]) if any(at in self.raw for at in _ATS) else ()
        return frozenset(name.lower() for name in (*found, *_bare(self.told_mentions, _ATS)))


def _bare(names: Sequence[str], signs: str) -> Iterable[str]:
    return (name.lstrip(signs) for name in names)


def _hashtags(text: str) -> Iterator[str]:
    """Yield each whole hashtag: from a `#` that does not continue a word or an address, up to what none may hold."""
    for sign in _HASHES:
        start = text.find(sign)
        while start >= 0:
            end = start + 1
            while end < len(text) and (is_of_hashtag(text[end]) or text[end] in _JOINERS):
                end += 1
            before = text[start - 1] if start else " "
            if end > start + 1 and before not in "/&_" and (not before.isalnum() or is_spaceless(before)):
                yield text[start + 1 : end]
            start = text.find(sign, end)


PostTest = Callable[[PostText], bool]


@dataclass(frozen=True)
class Matcher:
    """What of a brand's rules is looked at here. Nothing of a keyword ever becomes a regular expression."""

    wanted: tuple[PostTest, ...] = ()
    unwanted: tuple[PostTest, ...] = ()
    handles: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    reposts: Reposts = "keep"
    dotted_handles: bool = True

    @classmethod
    def of(cls, brand: BrandSettings, platform: Platform) -> Self:
        """Make the rules of `brand` ready for `platform`."""
        handles = _lower(brand.handles, platform)
        return cls(
            wanted=_tests(brand.wanted()),
            unwanted=_tests(brand.unwanted()),
            handles=handles,
            own=OwnAccounts.of(brand).on(platform),
            languages=frozenset(brand.languages),
            reposts=brand.reposts,
            dotted_handles=platform != "x",
        )

    def is_own(self, author_id: str | None, author_handle: str | None) -> bool:
        """Tell whether an account is one of the brand's, by its id or its handle (with or without `@`)."""
        return bool(self.own) and (account_name(author_handle) in self.own or account_name(author_id) in self.own)

    def speaks(self, language: str | None) -> bool:
        """Tell whether a post in `language` counts; one whose language is not told does."""
        code = told_language(language) if self.languages else None
        return code is None or code in self.languages

    def names_brand(self, text: PostText) -> bool:
        """Tell whether the text mentions one of the brand's handles or matches one of its expressions."""
        if self.handles and not self.handles.isdisjoint(text.mentions):
            return True
        return any(test(text) for test in self.wanted)

    def is_excluded(self, text: PostText) -> bool:
        """Tell whether the text matches one of the brand's exclusions."""
        return any(test(text) for test in self.unwanted)


def _lower(accounts: Accounts, platform: Platform) -> frozenset[str]:
    given = [] if platform == "web" else accounts.get(platform, [])
    return frozenset(account.lower() for account in given)


def _tests(expressions: Iterable[Expression]) -> tuple[PostTest, ...]:
    return tuple(_expression_test(expression) for expression in expressions)


def _expression_test(expression: Expression) -> PostTest:
    tests = [_clause_test(clause) for clause in expression.clauses]
    return tests[0] if len(tests) == 1 else lambda text: all(test(text) for test in tests)


def _clause_test(clause: Clause) -> PostTest:
    tests = [_term_test(term) for term in clause.terms]
    if clause.negated:
        return lambda text: not any(test(text) for test in tests)
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def _term_test(term: Term) -> PostTest:
    if term.kind == "hashtag":
        tag = plain(term.text)
        return lambda text: tag in text.hashtags
    if term.kind == "mention":
        handle = term.text.lower()
        return lambda text: handle in text.mentions
    words = plain(term.text)
    return lambda text: holds(text.plain, words)
