"""HTML's character references in plain text (`&amp;`, `&#39;`), as exports and networks leave them there."""

import html
import re
from html.entities import html5
from typing import Final

from shared.rewriting import Replacement

_REFERENCE: Final = re.compile(
    r"&(?:#(?P<high>5[5-6][0-9]{3});&)?(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
)
"""With its semicolon: without one `&copy=1` in an address would be taken for a sign."""
_FIRST_PRINTED: Final = 0x20


def _character(match: re.Match[str]) -> str:
    """Return what a reference stands for; one of no character, a control or half a pair stays as it is."""
    whole = match[0]
    if match["high"]:
        pair = [int(number) for number in re.findall("[0-9]+", whole)]
        if len(pair) == 2 and 0xD800 <= pair[0] < 0xDC00 <= pair[1] < 0xE000:  # noqa: PLR2004 - a surrogate pair
            return b"".join(half.to_bytes(2, "big") for half in pair).decode("utf-16-be")
        first, _, second = whole.partition(";")
        return _single(f"{first};") + _single(second)
    return _single(whole)


def _single(reference: str) -> str:
    found = html.unescape(reference) if reference[1] == "#" else html5.get(reference[1:], "")
    is_told = found not in {"", reference, "\ufffd"} and (ord(found[0]) >= _FIRST_PRINTED or found in "\t\n\r")
    return found if is_told else reference


CHARACTER_REFERENCES: Final = Replacement(_REFERENCE, _character)
"""Resolves each reference once: `&amp;lt;` becomes `&lt;`."""


def resolve_references(text: str) -> str:
    """Return a text that came with character references as its author wrote it; each is resolved once."""
    return CHARACTER_REFERENCES.apply(text) if "&" in text else text


def write_references(text: str) -> str:
    """Return a plain text in such a form that resolving its references gives it back."""
    return text.replace("&", "&amp;") if _REFERENCE.search(text) else text
