"""Characters as people see them. The one module that knows `regex`."""

from typing import Final

import regex

_GRAPHEME: Final = regex.compile(r"\X")


def graphemes(text: str) -> int:
    """Return how many extended grapheme clusters (Unicode Standard Annex 29) a text has: a flag or a family is one."""
    return len(text) if text.isascii() and "\r" not in text else sum(1 for _ in _GRAPHEME.finditer(text))
