"""Cleaning of a post's text: what points at a person or a page is replaced, emoji stay.

The placeholders `@user` and `http` are those of TweetEval (Barbieri et al., Findings of EMNLP 2020),
so a cleaned text looks to the model like the texts that it was trained on.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from shared.rewriting import MARKS, Composition, Replacement, RewriteRule, SingleBlanks, Traced

_Text = TypeVar("_Text", str, Traced)

MENTION: Final = "@user"
LINK: Final = "http"
EMAIL: Final = "<email>"
PHONE: Final = "<phone>"
MOST_MARKS: Final = 30
"""Combining marks in a row: as many as Unicode's stream-safe format has (UAX #15, section 13), more than any script."""

_AT = "[@\uff20]"
_WORD = "A-Za-z0-9_"
# Boundaries are ASCII: Chinese, Japanese or Thai text stands next to a name or a link without a blank.
_EMAIL = re.compile(
    rf"(?<![{_WORD}.+-])(?<!^{_AT})(?<![^{_WORD}]{_AT})"
    rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}(?![{_WORD}])"
)
_LINK = re.compile(rf"(?:https?://|(?<![{_WORD}])www\.)[^\s<>\"]+", re.IGNORECASE)
_SHORTENERS = r"t\.co|bit\.ly|goo\.gl|youtu\.be|tinyurl\.com|fb\.me|bsky\.app"
_NETWORKS = r"(?:[a-z]{1,9}\.)?(?:x|twitter|instagram|facebook|fb|threads|tiktok|youtube|linkedin|reddit)\.(?:com|net)"
# What stands after such a host is a person's handle as often as not.
_BARE_LINK = re.compile(rf"(?<![{_WORD}@.])(?:{_SHORTENERS}|{_NETWORKS})/[^\s<>\"]+", re.IGNORECASE)
_ACCENTS = "\u0300-\u036f"
_MENTION = re.compile(rf"(?<![{_WORD}])(?:{_AT}[\w.+{_ACCENTS}-]*\w)+[{_ACCENTS}]*")
_PHONE = re.compile(
    r"""(?<![A-Za-z_\d/.\#$€£¥₹-])(?<!\d:)(?:
        \+(?=(?:[ .()-]{0,2}\d){7})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}  # +44 20 7946 0958; +100 is no number to call
      | (?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}      # (415) 555-0132, 1-800-555-0132
      | 0\d{1,4}[ /-]\d{3,4}[ -]?\d{2,5}                # 020 7946 0958, 030/901820
      | \d{3}-\d{4}                                     # 555-0132
      | (?<!\w)\d{9,20}(?!\w)                           # digits alone: a telephone, ticket, card or post
    )(?![A-Za-z_\d/]|[.,:-]\d)""",
    re.VERBOSE,
)
_MARKS = re.compile(f"({MARKS}{MARKS}{{{MOST_MARKS - 1}}}){MARKS}+")
# Marks go first: to put a run of them into order takes a time that grows with its square.
# An e-mail address goes before a mention, since it holds an `@` too.
_RULES: Final[tuple[RewriteRule, ...]] = (
    Replacement(_MARKS, r"\1"),
    Composition(),
    SingleBlanks(),
    Replacement(_LINK, LINK),
    Replacement(_BARE_LINK, LINK),
    Replacement(_EMAIL, EMAIL),
    Replacement(_MENTION, MENTION),
    Replacement(_PHONE, PHONE),
)
_MOST_ROUNDS: Final = 16


def clean(text: str) -> str:
    """Return `text` in NFC, with 30 marks in a row at most, and mentions, links, addresses and phone numbers replaced.

    Runs of white space become one space and the ends are stripped. Cleaning a cleaned text changes
    nothing, unless it was built to need more than 16 rounds.
    """
    return _repeated(_clean_once, text)


def clean_traced(text: Traced) -> Traced:
    """Clean as `clean` does, and know for each character where it came from; several times slower."""
    return _repeated(_clean_once_traced, text)


def _repeated(once: Callable[[_Text], _Text], text: _Text) -> _Text:
    # A placeholder makes room for a match beside it: again, until nothing changes. Bounded, because a chain
    # of numbers or accents that gives way one a round would take a time that grows with its square.
    for _ in range(_MOST_ROUNDS):
        before, text = text, once(text)
        if text == before:
            break
    return text


def _clean_once(text: str) -> str:
    for rule in _RULES:
        text = rule.apply(text)
    return text


def _clean_once_traced(text: Traced) -> Traced:
    for rule in _RULES:
        text = text.apply(rule)
    return text
