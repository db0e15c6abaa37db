"""Cleaning of a post's text: what points at a person or a page is replaced, emoji stay.

The placeholders `@user` and `http` are those of TweetEval (Barbieri et al., Findings of EMNLP 2020),
so a cleaned text looks to the model like the texts that it was trained on.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from typing_extensions import override

from shared.rewriting import MARKS, Composition, Edit, Replacement, RewriteRule, SingleBlanks, Traced

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
_LINK = re.compile(rf"(?:(?:https?|whatsapp|viber|tg|sgnl)://|(?<![{_WORD}])www\.)[^\s<>\"]+", re.IGNORECASE)
_SHORTENERS = (
    r"t\.co|t\.me|wa\.me|(?:api|web|chat)\.whatsapp\.com|signal\.me|bit\.ly|goo\.gl|youtu\.be|tinyurl\.com|fb\.me"
    r"|bsky\.app"
)
_NETWORKS = r"(?:[a-z]{1,9}\.)?(?:x|twitter|instagram|facebook|fb|threads|tiktok|youtube|linkedin|reddit)\.(?:com|net)"
# What stands after such a host is a person's handle as often as not.
_BARE_LINK = re.compile(rf"(?<![{_WORD}@.])(?:{_SHORTENERS}|{_NETWORKS})/[^\s<>\"]+", re.IGNORECASE)
_ACCENTS = "\u0300-\u036f"
_MENTION = re.compile(rf"(?<![{_WORD}])(?:{_AT}[\w.+{_ACCENTS}-]*\w)+[{_ACCENTS}]*")
_CALLS = (
    *("call", "call us", "call me", "me on", "me at", "us on", "us at", "ring", "phone", "mobile", "cell", "number is"),
    *("tel", "tel.", "tlf", "tlf.", "telefon", "telefono", "teléfono", "telefone", "téléphone", "handy", "mobil"),
    *("móvil", "celular", "portable", "whatsapp", "sms", "fax", "☎", "📞", "📱", "☎\ufe0f"),
)
_CALLED = "|".join(rf"(?<=(?<!\w){re.escape(words)}{end})" for words in _CALLS for end in (r"\ ", r":\ ", ":"))
"""What stands before a number that is called: what were a figure elsewhere is a number behind it."""
_PHONE = re.compile(
    r"""(?<![A-Za-z_\d/\#$€£¥₹-])(?<!\d[:,.])(?<![.][.])
    (?!(?:\d\d?[ ./-]){2}(?:19|20)\d\d(?!\d)|(?:19|20)\d\d(?:[ ./-]\d\d){2}(?!\d))  # no date
    (?!(?:(?:19|20)\d\d[ ]|\d{4}-)(?:19|20)\d\d(?!\d)|\d{1,3}(?:[ .]\d{3})*[ .]000(?!\d))  # no years, no round figure
    (?!(?:[01]\d|2[0-3])[.][0-5]\d[ ]?[ -])                                       # no opening hours
    (?:
        (?:\+[ ]?|00[ ]?(?=[1-9]))(?=(?:[ ./()-]{0,3}\d){7})\d{1,3}
        (?:[ ]?[./-]?[ ]?(?:\(\d{1,5}\)|\(?\d{1,5}\)?)){2,6}             # +44 20 7946 0958, +49 (0)171 / 1234567
      | (?=\(?0\d|\(0\))(?=\(?\d(?:[ ./()-]{0,3}\d){8,12}(?![ ./()-]{0,3}\d))
        \(?0\d{0,5}\)?(?:(?:[ ]?[./-][ ]?|[ ]|(?<=\)))\(?\d{1,8}\)?){1,5}  # 020 7946 0958, 0171 / 1234567
      | (?:1[ .-])?(?:\d{3}[ .-]|\(\d{3}\)[ .-]?)\d{3}[ .-]\d{4}        # (415) 555-0132, 1-800-555-0132
      | 0?[1-9](?P<pair>[ .-]?)\d\d(?:(?P=pair)\d\d){3}                 # 06 39 98 12 34
      | (?:0\d{2,4}[ .-]|\(0\d{1,4}\)[ .-]?)\d{2,4}(?:[ .-]\d{2,4}){1,3}  # 070-123 45 67
      | (?:0\d{1,4}[ /-]|\(0\d{1,4}\)[ /-]?)\d{3,4}[ -]?\d{2,5}         # 020 7946 0958, 030/901820
      | 0\d-\d\d(?:[ ]\d\d){2}                                          # 08-12 34 56
      | [2-9]\d(?P<pairs>[ .-])\d\d(?:(?P=pairs)\d\d){2}                # 20 12 34 56
      | (?:8|\+?7)[ .-]?\(\d{3,5}\)[ .-]?\d{1,3}(?:[ .-]\d\d){2}        # 8 (912) 345-67-89
      | 0[ ]?\(\d{3}\)[ ]?\d{3}(?:[ .-]\d\d){2}                        # 0 (532) 123 45 67
      | [1-9]\d[ ]9\d{4}-\d{4}                                         # 11 96123-4567
      | 8[ .-]\(?0?\d\d\d?\)?[ .-]\d{2,3}(?:[ .-]\d\d){2}     # 8 029 491-19-11
      | 8[ .-]\(\d{3}\)[ .-]\d{3}[ .-]\d{4}                             # 8 (771) 000 9998
      | \(\d{2,5}\)[ .-]?\d{3,5}[ .-]?\d{3,5}                           # (11) 96123-4567
      | \([1-9]\)[ .-]?[2-9][1-9]\d\d[ .-]\d{4}                         # (2) 2123 4567
      | [1-9]\d{1,2}[ .-]\d{3}[ .-]\d\d[ .-]\d\d                        # 12 345 67 89
      | [2-9]\d[ .-]\d{3,4}[ .-]\d{4}                                   # 21 2345 6789
      | [2-9]\d\d(?:(?:[ ]\d\d){3}|(?:-\d\d){3}|(?:[.]\d\d){3})         # 612 34 56 78
      | [2-9]\d\d(?:[ ]\d{3}[ ]\d{3}|-\d{3}-\d{3}|[ -]\d{6,7})          # 612 345 678, 333 1234567
      | 1[3-9]\d(?:[ .-]\d{4}){2}                                       # 138 0013 8000
      | (?!\d\d00[ -]\d\d00|20\d\d[ -])[2-9]\d{3}[ -]\d{4}             # 6123 4567, but not 7000-8000 people
      | [6-9]\d{4}[ .-]\d{5}                                            # 98765 43210
      | (?!7\d7-|\d00-\d\d00)[2-9]\d{2}-\d{4}                         # 555-0132, but not a Boeing 737-8200
      | (?i:@CALLED@)(?=\d(?:[ .-]?\d){6,9}(?![ .-]?\d))\d{1,9}(?:[ .-]\d{2,8}){0,4}   # call me on 40612345
      | (?<!\w)\d{9,20}(?!\w)                                           # digits alone: telephone, ticket, card or post
    )(?![A-Za-z_\d/]|[.,:-]\d)""".replace("@CALLED@", _CALLED),
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?<![A-Za-z_\d/])[+(\d]")
"""Where `_PHONE` may begin. It is asked place by place: a search of a long text would keep other threads waiting."""
_SEVEN_DIGITS = re.compile(r"\d(?:[^\w]{0,3}\d){6}")
"""What every match of `_PHONE` holds: most texts hold no such thing, and looking for it is quick."""
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc\ufe63\uff0d"
_WIDE: Final = {"\uff0b": "+", "\uff08": "(", "\uff09": ")", "\uff0e": ".", "\uff0f": "/", "\u00b7": ".", "\u30fb": "."}
_OTHER_SIGN = re.compile(rf"[^\D0-9]|[{_DASHES}{''.join(_WIDE)}]")
_ASCII_SIGNS: Final = str.maketrans(
    {digit: str(unicodedata.digit(digit)) for digit in map(chr, range(0x80, 0x20000)) if digit.isdecimal()}
    | dict.fromkeys(_DASHES, "-")
    | _WIDE
)
"""Digits of any script, and the signs between them, as ASCII has them."""


_MARKS = re.compile(f"({MARKS}{MARKS}{{{MOST_MARKS - 1}}}){MARKS}+")


class _PhoneNumbers(RewriteRule):
    """Numbers as they are written in any country become `PHONE`, whatever script their digits and signs are of.

    The rule goes by how digits stand together. The tables of the library `phonenumbers` could not: of any seven to
    eleven digits 98 to 100 % are a valid number somewhere. Its examples are what the tests measure by.
    """

    @override
    def apply(self, text: str) -> str:
        if not _SEVEN_DIGITS.search(text):
            return text
        parts: list[str] = []
        done = 0
        for start, end, new in self.edits(text):
            parts += (text[done:start], new)
            done = end
        return "".join((*parts, text[done:]))

    @override
    def edits(self, text: str) -> Iterator[Edit]:
        written = text.translate(_ASCII_SIGNS) if _OTHER_SIGN.search(text) else text
        done = 0
        for begin in _NUMBER.finditer(written):
            if begin.start() >= done and (match := _PHONE.match(written, begin.start())):
                done = match.end()
                yield Edit(match.start(), done, PHONE)


# Marks go first: to put a run of them into order takes a time that grows with its square.
# An e-mail address goes before a mention, since it holds an `@` too.
_RULES: Final[tuple[RewriteRule, ...]] = (
    Replacement(_MARKS, r"\1"),
    Composition(),
    SingleBlanks(),
    Replacement(_LINK, LINK, ("://", "w.", "W.")),
    Replacement(_BARE_LINK, LINK, ("/",)),
    Replacement(_EMAIL, EMAIL, ("@", "\uff20")),
    Replacement(_MENTION, MENTION, ("@", "\uff20")),
    _PhoneNumbers(),
)
_ASCII_RULES: Final = _RULES[2:]
"""Without those of marks and accents."""
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
    for rule in _ASCII_RULES if text.isascii() else _RULES:
        text = rule.apply(text)
    return text


def _clean_once_traced(text: Traced) -> Traced:
    for rule in _RULES:
        text = text.apply(rule)
    return text
