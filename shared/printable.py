"""Words out of files and requests, as a terminal or a log may show them."""

from typing import Final

MOST_CHARACTERS: Final = 60


def printable(words: str, most: int = MOST_CHARACTERS) -> str:
    """Return `words` on one line, at most `most` characters of them, with what a terminal would act on escaped."""
    cut = words[:most]
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cut)
    return shown if len(words) <= most else f"{shown}..."
