"""Ids as platforms give them, and what spreadsheets and data frames make of them: one spelling each, or none."""

import math
import re
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Final

from shared.absence import is_missing

EXACT_BELOW: Final = 2**53
"""A float holds every whole number below; of those above, several share one float."""
ROUNDED: Final = "is a rounded number, so its last digits are lost: export the column as text"
_MISSING: Final = "is a word for a missing value: leave the row out, or export the column with its ids"
_TWO_WAYS: Final = "may be a whole number with a thousands separator or one with a fraction: export the column as text"
_ERRORS: Final = frozenset({"#REF!", "#VALUE!", "#NAME?", "#NUM!", "#DIV/0!", "#SPILL!", "#CALC!", "#GETTING_DATA"})
"""Spreadsheets write them in place of a value, so that they would be one id of many."""
_UNSEEN: Final = "\ufeff\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:/-]*")
_AS_TEXT: Final = re.compile(r"""="(.*)"|'(.*)'|"(.*)"|'(.*)""", re.DOTALL)
"""`="1"` and `'1` are how a spreadsheet is told that a number is text; the others are quotes that were doubled."""
_SCIENTIFIC: Final = re.compile(
    r"""=?[+-]?(?:
        [0-9]+[.,][0-9]*\s?[eE][+-]?[0-9]+     # 1.76E+18, 1,76E+18, 1.76e18
        | [0-9]+\s?[eE]\+[0-9]+                   # 2E+18
        | [0-9][eE](?:1[5-9]|2[0-9])           # 2e18, but not the letters and digits of 123e4 or 1e9
        | [0-9]+(?:[.,][0-9]+)?\s?[x\u00d7*]\s?10\^?[0-9]+
    )""",
    re.VERBOSE,
)
_WHOLE: Final = re.compile(r"(-?[0-9]+)[.,]0*")
_GROUPED: Final = re.compile(r"([1-9][0-9]{0,2}(?:([,.'\u2019\u00a0\u2009\u202f ])[0-9]{3})(?:\2[0-9]{3})*)(?:[.,]0+)?")
_GROUPED_IN_INDIA: Final = re.compile(r"([1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})(?:\.0+)?")
_DOTTED_ONCE: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3}")


def plain_id(words: str) -> str:
    """Return an id in the one spelling under which it is known.

    Blanks around it, the marks that tell a spreadsheet "this is text" (`'1`, `="1"`), thousands separators and the
    `.0` of a float are taken off. Raises ValueError with the remedy for what may stand for several ids: a number in
    scientific notation, one that was a float of 2^53 or more, a word for a missing value, signs alone.
    """
    if _PLAIN.fullmatch(words) and not words[0].isdigit() and not is_missing(words):
        return words
    text = _unwrapped(words)
    if text.isascii() and text.isdigit():
        return text
    if is_missing(text) or text.upper() in _ERRORS or not any(map(str.isalnum, text)):
        raise ValueError(_MISSING)
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError(ROUNDED)
    digits = _digits(text)
    if digits is None:
        return text
    if abs(int(digits)) >= EXACT_BELOW:
        raise ValueError(ROUNDED)
    return digits


def id_of_number(number: float | Decimal) -> str:
    """Return the words for a number that stands where an id should: every digit of it, or what `plain_id` refuses."""
    if isinstance(number, Decimal) and number.is_finite() and number == number.to_integral_value():
        return f"{number:.0f}"
    return str(number) if math.isfinite(number) else "nan"


def _unwrapped(words: str) -> str:
    text = words.strip().strip(_UNSEEN).strip()
    while found := _AS_TEXT.fullmatch(text):
        text = next(inner for inner in found.groups() if inner is not None).strip()
    return text


def _digits(text: str) -> str | None:
    """Return the digits of a whole number that is written with a fraction of zeros or in groups."""
    if not text.removeprefix("-")[:1].isdigit() or len(text) > len("999,999,999,999,999,999,999,999.000000"):
        return None
    if _DOTTED_ONCE.fullmatch(text):
        raise ValueError(_TWO_WAYS)
    if (found := _GROUPED.fullmatch(text)) and not _is_address(text):
        return found[1].replace(found[2], "")
    if found := _GROUPED_IN_INDIA.fullmatch(text):
        return found[1].replace(",", "")
    found = _WHOLE.fullmatch(text)
    return found[1] if found else None


def _is_address(text: str) -> bool:
    """Tell an address of the internet, by which some sites name who is not logged in, from a number in groups."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True
