"""The form of a text that the model reads, the same in training and in serving."""

import re

from shared.text import LINK, clean

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_LINK_WORD = re.compile(rf"(?<!\S){LINK}(?!\S)")


def normalise(text: str) -> str:
    r"""Clean `text`, decode literal escapes such as `\u2019` and drop the links, which say nothing to the model.

    The published tweet corpora hold such escapes as six characters. Surrogates are left as they
    are: half a pair is no character.
    """
    decoded = _ESCAPED.sub(_decode, text)
    return " ".join(_LINK_WORD.sub(" ", clean(decoded)).split())


def _decode(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character
