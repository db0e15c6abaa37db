"""Words that programs write where a value is missing."""

from typing import Final

MISSING_WORDS: Final = frozenset(
    {
        *("N.A.", "n.a.", "N.A", "n.a"),
        *("NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NAN", "NaN", "nan", "-NaN", "-nan", "NaT"),
        *("None", "NONE", "NULL", "Null", "null", "(null)", "[null]", "<null>", "\\N", "#NULL!", "NIL"),
        *("undefined", "-", "--", "\u2014"),
    }
)
"""As R, pandas, SQL, Excel, JavaScript and people write them. No text that was posted is taken for one in lower case
alone (`none`, `na`): `is_missing` takes those too, for values that are no texts."""
_FOLDED: Final = frozenset(word.casefold() for word in MISSING_WORDS)
_LONGEST: Final = max(map(len, MISSING_WORDS))


def is_missing(words: str) -> bool:
    """Tell whether `words` stand for no value, in upper or lower case, blanks around them or not."""
    return len(words) < 2 * _LONGEST and words.strip().casefold() in _FOLDED
