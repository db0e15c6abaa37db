"""A brand's rules made ready for one platform: on networks that cannot be asked, they judge every post there is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from services.ingest.brands.brand import Accounts, BrandSettings, Reposts
from services.ingest.brands.expression import Clause, Expression, Term
from services.ingest.brands.language import told_language
from services.ingest.brands.needle import Needle
from services.ingest.brands.post_text import PostText
from services.ingest.brands.spelling import plain
from shared.analyzed_post import Platform

Test = Callable[[PostText], bool]


@dataclass(frozen=True)
class Matcher:
    """What of a brand's rules is looked at here. Nothing of a keyword ever becomes a regular expression."""

    wanted: tuple[Test, ...] = ()
    unwanted: tuple[Test, ...] = ()
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
            own=handles | _lower(brand.own_accounts, platform),
            languages=frozenset(brand.languages),
            reposts=brand.reposts,
            dotted_handles=platform != "x",
        )

    def is_own(self, author_id: str | None, author_handle: str | None) -> bool:
        """Tell whether an account is one of the brand's, by its id or its handle (with or without `@`)."""
        handle = (author_handle or "").removeprefix("@").lower()
        return bool(self.own) and (handle in self.own or (author_id or "").lower() in self.own)

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


def _tests(expressions: Iterable[Expression]) -> tuple[Test, ...]:
    return tuple(_expression_test(expression) for expression in expressions)


def _expression_test(expression: Expression) -> Test:
    tests = [_clause_test(clause) for clause in expression.clauses]
    return tests[0] if len(tests) == 1 else lambda text: all(test(text) for test in tests)


def _clause_test(clause: Clause) -> Test:
    tests = [_term_test(term) for term in clause.terms]
    if clause.negated:
        return lambda text: not any(test(text) for test in tests)
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def _term_test(term: Term) -> Test:
    if term.kind == "hashtag":
        tag = plain(term.text)
        return lambda text: tag in text.hashtags
    if term.kind == "mention":
        handle = term.text.lower()
        return lambda text: handle in text.mentions
    needle = Needle(plain(term.text))
    return lambda text: needle.is_in(text.plain)
