"""Texts in files that a spreadsheet opens: what it would take for a formula is guarded, and read back as it was."""

import re
import unicodedata
from typing import Final

FORMULA_SIGNS: Final = ("=", "+", "-", "@")
"""With any of these first a spreadsheet takes a cell for a formula, and does what it says."""
BREAKS: Final = ("\t", "\r", "\n")
"""With any of these first what follows may become a cell of its own."""
GUARD: Final = "'"
"""By this sign a spreadsheet is told that a cell is text."""
_ENOUGH: Final = 40
"""Characters that show how a text begins."""
_NUMBER: Final = re.compile(r"[0-9]{12,}|[0-9]+[eE][0-9]+")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, nor for a number whose digits it would round."""
    return GUARD + text if _is_acted_on(text.lstrip(GUARD)) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given."""
    return text[1:] if text.startswith(GUARD) and _is_acted_on(text.lstrip(GUARD)) else text


def _is_acted_on(text: str) -> bool:
    # Spreadsheets pass over spaces and take full-width signs for plain ones; a sign that an accent follows is no longer
    # one when they are composed, but still the first character.
    alike = unicodedata.normalize("NFKC", text.lstrip()[:_ENOUGH]).lstrip()
    is_formula = text.startswith(BREAKS) or text.lstrip().startswith(FORMULA_SIGNS) or alike.startswith(FORMULA_SIGNS)
    return is_formula or _NUMBER.fullmatch(text) is not None
