"""The form of a text that the model reads, the same in training and in serving."""

import re
from typing import Final

from shared.character_references import CHARACTER_REFERENCES
from shared.rewriting import Replacement, RewriteRule, SingleBlanks, Traced
from shared.text import LINK, clean, clean_traced


def _decode(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0] if "\ud800" <= character <= "\udfff" else character


_RESOLVING: Final[tuple[RewriteRule, ...]] = (
    Replacement(re.compile(r"\\u([0-9a-fA-F]{4})"), _decode),
    CHARACTER_REFERENCES,
)
_EMOJI: Final = (
    "\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa\u2600-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721"
    "\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001faff"
)
"""Unicode's pictographs (UTS #51), flags and skin tones, but for the signs that texts use too: arrows, (c), (R), TM."""
_ENDS: Final = "\ufe0f\U000e007f"
"""What an emoji of several characters may end with."""
_LETTER: Final = (
    rf"[^\s!-/:-@\[-^`{{-\xbf\u2000-\u206f\u20d0-\u20ff\u3000-\u303f\ufe00-\ufe0f\U000e0020-\U000e007f{_EMOJI}]"
)
_APART: Final[tuple[RewriteRule, ...]] = (
    Replacement(re.compile(rf"{_LETTER}(?=[{_EMOJI}])"), r"\g<0> "),
    Replacement(re.compile(rf"(?<=[{_EMOJI}{_ENDS}]){_LETTER}"), r" \g<0>"),
)
"""A blank between a word and an emoji: the vocabulary has no emoji, and would lose the word with it."""
_DROPPING_LINKS: Final[tuple[RewriteRule, ...]] = (
    Replacement(re.compile(rf"(?<!\S){LINK}(?!\S)"), " "),
    SingleBlanks(),
)


def normalise(text: str) -> str:
    r"""Clean `text`, resolve `\u2019` and `&amp;`, set emoji apart and drop the links, which say nothing to the model.

    The published tweet corpora hold such escapes as six characters. Surrogates are left as they
    are: half a pair is no character.
    """
    for rule in _RESOLVING:
        text = rule.apply(text)
    text = clean(text)
    for rule in _DROPPING_LINKS if text.isascii() else (*_APART, *_DROPPING_LINKS):
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
    for rule in _RESOLVING:
        traced = traced.apply(rule)
    traced = clean_traced(traced)
    for rule in (*_APART, *_DROPPING_LINKS):
        traced = traced.apply(rule)
    return traced
