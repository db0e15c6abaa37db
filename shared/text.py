"""Cleaning of a post's text: what points at a person or a page is replaced, emoji stay.

The placeholders `@user` and `http` are those of TweetEval (Barbieri et al., Findings of EMNLP 2020),
so a cleaned text looks to the model like the texts that it was trained on.
"""

import re
import unicodedata
from typing import Final

MENTION: Final = "@user"
LINK: Final = "http"
EMAIL: Final = "<email>"
PHONE: Final = "<phone>"

_AT = "[@\uff20]"
_WORD = "A-Za-z0-9_"
# Boundaries are ASCII: Chinese, Japanese or Thai text stands next to a name or a link without a blank.
_EMAIL = re.compile(
    rf"(?<![{_WORD}.+-])(?<!^{_AT})(?<![^{_WORD}]{_AT})"
    rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}(?![{_WORD}])"
)
_LINK = re.compile(rf"(?:https?://|(?<![{_WORD}])www\.)[^\s<>\"]+", re.IGNORECASE)
_SHORT_LINK = re.compile(rf"(?<![{_WORD}@.])(?:t\.co|bit\.ly|goo\.gl|youtu\.be|tinyurl\.com)/[^\s<>\"]+", re.IGNORECASE)
_ACCENTS = "\u0300-\u036f"
_MENTION = re.compile(rf"(?<![{_WORD}])(?:{_AT}[\w.+{_ACCENTS}-]*\w)+[{_ACCENTS}]*")
_PHONE = re.compile(
    r"""(?<![A-Za-z_\d/.\#$€£¥₹-])(?<!\d:)(?:
        \+(?=(?:[ .()-]{0,2}\d){7})\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}  # +44 20 7946 0958; +100 is no number to call
      | (?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}      # (415) 555-0132, 1-800-555-0132
      | 0\d{1,4}[ /-]\d{3,4}[ -]?\d{2,5}                # 020 7946 0958, 030/901820
      | \d{3}-\d{4}                                     # 555-0132
      | (?<!\w)\d{9,15}(?!\w)                           # digits alone: a telephone, ticket or card number
    )(?![A-Za-z_\d/]|[.,:-]\d)""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s+")
_MOST_ROUNDS: Final = 16


def clean(text: str) -> str:
    """Return `text` in NFC with mentions, links, e-mail addresses and phone numbers replaced.

    Runs of white space become one space and the ends are stripped. Cleaning a cleaned text changes
    nothing, unless it was built to need more than 16 rounds. An e-mail address goes before a mention,
    since it holds an `@` too.
    """
    # A placeholder makes room for a match beside it: again, until nothing changes. Bounded, because a chain
    # of numbers or accents that gives way one a round would take a time that grows with its square.
    for _ in range(_MOST_ROUNDS):
        before, text = text, _clean_once(text)
        if text == before:
            break
    return text


def _clean_once(text: str) -> str:
    text = _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()
    text = _LINK.sub(LINK, text)
    text = _SHORT_LINK.sub(LINK, text)
    text = _EMAIL.sub(EMAIL, text)
    text = _MENTION.sub(MENTION, text)
    return _PHONE.sub(PHONE, text)
