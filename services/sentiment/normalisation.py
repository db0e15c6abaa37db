"""The form of a text that the model reads, the same in training and in serving."""

import re
from typing import Final

from shared.rewriting import Replacement, RewriteRule, SingleBlanks, Traced
from shared.text import LINK, clean, clean_traced


def _decode(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character


_DECODING: Final = Replacement(re.compile(r"\\u([0-9a-fA-F]{4})"), _decode)
_DROPPING_LINKS: Final[tuple[RewriteRule, ...]] = (
    Replacement(re.compile(rf"(?<!\S){LINK}(?!\S)"), " "),
    SingleBlanks(),
)


def normalise(text: str) -> str:
    r"""Clean `text`, decode literal escapes such as `\u2019` and drop the links, which say nothing to the model.

    The published tweet corpora hold such escapes as six characters. Surrogates are left as they
    are: half a pair is no character.
    """
    text = clean(_DECODING.apply(text))
    for rule in _DROPPING_LINKS:
        text = rule.apply(text)
    return text


def normalise_traced(text: str, normalised: str | None = None) -> Traced:
    """Normalise as `normalise` does, by the same rules, and know for each character where it came from.

    Where `normalised`, the normalised form, is known and equal to `text`, nothing is rewritten again. The origin of
    a part of a placeholder, or of a letter whose accents were joined, is the whole stretch that was replaced.
    """
    traced = Traced.of(text)
    if text == normalised:
        return traced
    traced = clean_traced(traced.apply(_DECODING))
    for rule in _DROPPING_LINKS:
        traced = traced.apply(rule)
    return traced
