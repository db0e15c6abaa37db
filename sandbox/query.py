"""X's query language, as far as rules and searches of voxpop go; what it does not know it refuses, as X does."""

import re
from collections.abc import Callable
from typing import Final

from sandbox.post import PublishedPost

MAX_RULE: Final = 512
_TOKEN: Final = re.compile(r'\s*(-?\(|\)|-?"[^"]*"|-?[^\s()"]+(?:"[^"]*")?)')
_HAS: Final = {"links": re.compile(r"https?://"), "mentions": re.compile(r"@\w"), "hashtags": re.compile(r"#\w")}
QueryTest = Callable[[PublishedPost], bool]


class SearchSyntaxError(ValueError):
    """A query that X would refuse; the sentence says why."""


def parse_query(text: str) -> QueryTest:
    """Return the test that a query makes of a post; raises SearchSyntaxError.

    Words, "phrases", #hashtags, @mentions, `from: to: lang: is: has:`, `-` for not, `OR`, parentheses; blanks
    mean and, which binds closer than OR. A query needs something that is not a negation, as at X.
    """
    if not text.strip():
        raise SearchSyntaxError("an empty query")
    if len(text) > MAX_RULE:
        raise SearchSyntaxError(f"longer than {MAX_RULE} characters")
    tokens, end = [], 0
    while end < len(text.rstrip()):
        found = _TOKEN.match(text, end)
        if found is None:
            raise SearchSyntaxError(f"a quotation mark without its other at position {end}")
        tokens.append(found[1])
        end = found.end()
    if all(token.startswith("-") or token in {"OR", "(", ")"} or _is_only_narrowing(token) for token in tokens):
        raise SearchSyntaxError("nothing but negations and operators that need company")
    parser = _Parser(tokens)
    test = parser.alternatives()
    if parser.rest:
        raise SearchSyntaxError("a parenthesis that was never opened")
    return test


def _is_only_narrowing(token: str) -> bool:
    return token.startswith(("is:", "has:", "lang:"))


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens[::-1]

    def alternatives(self) -> QueryTest:
        tests = [self._together()]
        while self.rest and self.rest[-1] == "OR":
            self.rest.pop()
            tests.append(self._together())
        return lambda post: any(test(post) for test in tests)

    def _together(self) -> QueryTest:
        tests: list[QueryTest] = []
        while self.rest and self.rest[-1] not in {"OR", ")"}:
            tests.append(self._one())
        if not tests:
            raise SearchSyntaxError("an operator without anything beside it")
        return lambda post: all(test(post) for test in tests)

    def _one(self) -> QueryTest:
        token = self.rest.pop()
        negated = token.startswith("-")
        bare = token.removeprefix("-")
        if bare == "(":
            test = self.alternatives()
            if not self.rest or self.rest.pop() != ")":
                raise SearchSyntaxError("a parenthesis that is never closed")
        else:
            test = _term(bare)
        return (lambda post: not test(post)) if negated else test


def _term(token: str) -> QueryTest:
    operator, colon, value = token.partition(":")
    value = value.strip('"').casefold()
    if token.startswith('"') or not colon or token[0] in "#@":
        return _words(token.strip('"'))
    if operator == "from":
        name = value.removeprefix("@")
        return lambda post: name in {post.author.username.casefold(), post.author.id}
    if operator == "to":
        start = re.compile(rf"\s*@{re.escape(value)}(?!\w)", re.IGNORECASE)
        return lambda post: post.in_reply_to is not None and start.match(post.text) is not None
    if operator == "lang":
        return lambda post: post.language.casefold() == value
    if operator == "has" and value in _HAS:
        pattern = _HAS[value]
        return lambda post: pattern.search(post.text) is not None
    if operator == "is" and value in {"retweet", "reply", "quote", "verified"}:
        return {
            "retweet": lambda post: post.is_repost,
            "reply": lambda post: post.in_reply_to is not None,
            "quote": lambda _: False,
            "verified": lambda post: post.author.verified,
        }[value]
    raise SearchSyntaxError(f"an operator that is not known: '{operator}:'")


def _words(words: str) -> QueryTest:
    if not words.strip("#@"):
        raise SearchSyntaxError("an empty term")
    pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
    return lambda post: pattern.search(post.text) is not None
