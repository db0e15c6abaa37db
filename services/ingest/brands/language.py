"""Codes of languages as platforms write them."""

import re
from typing import Final

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_RENAMED: Final = {"in": "id", "iw": "he", "ji": "yi", "nb": "no"}
"""Old names that X still sends, and the one of Norwegian's two that stands for both elsewhere."""
_UNTOLD: Final = frozenset({"und", "zxx", "mul", "mis", "art"})


def language_code(value: str) -> str:
    """Return the ISO 639 code that `value` begins with; raises ValueError."""
    if not _TAG.fullmatch(value):
        raise ValueError("must be an ISO 639 code such as en, or with a region such as pt-BR")
    return _primary(value)


def told_language(value: str | None) -> str | None:
    """Return the code of what a platform says, or None where it does not say one.

    `und`, `zxx` and X's own codes from `qaa` to `qtz` (a post of links or hashtags alone) say none.
    """
    code = _primary(value or "")
    if not code or code in _UNTOLD or ("qaa" <= code <= "qtz" and len(code) == len("qaa")):
        return None
    return code


def _primary(value: str) -> str:
    code = value.partition("-")[0].partition("_")[0].lower()
    return _RENAMED.get(code, code)
