"""Rules that rewrite a text, applied plainly or with the place that each character came from.

A rule is written once. Its plain form is fast; its edits, which the same pattern finds, say what was
replaced by what, so both forms give the same text.
"""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from typing_extensions import override

_BLANKS = re.compile(r"\s+")
_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")
"""Vowels and final consonants of Hangul: no marks, and yet they join the consonant before them."""
MARKS: Final = "[" + "".join(filter(unicodedata.combining, map(chr, range(0x300, 0x20000)))) + "]"
"""A pattern's class of all characters that combine, which Unicode has in its first two planes alone."""


class Edit(NamedTuple):
    """The characters from `start` to `end`, at least one, are replaced by `new`, which may be empty."""

    start: int
    end: int
    new: str


class RewriteRule(Protocol):
    """One way to rewrite a text."""

    def apply(self, text: str) -> str:
        """Return the rewritten text."""

    def edits(self, text: str) -> Iterator[Edit]:
        """Return what `apply` does to `text`, from its beginning on, no two edits overlapping."""


@dataclass(frozen=True)
class Replacement(RewriteRule):
    """Each match of `pattern`, which matches no empty text, is replaced by `new`: a template or a function.

    Every match holds one of `signs`, where there are any: a text without them is not searched, which is dear in a long
    one and keeps the interpreter to itself.
    """

    pattern: re.Pattern[str]
    new: str | Callable[[re.Match[str]], str]
    signs: tuple[str, ...] = ()

    @override
    def apply(self, text: str) -> str:
        if self.signs and not any(sign in text for sign in self.signs):
            return text
        return self.pattern.sub(self.new, text)

    @override
    def edits(self, text: str) -> Iterator[Edit]:
        for match in self.pattern.finditer(text):
            new = match.expand(self.new) if isinstance(self.new, str) else self.new(match)
            yield Edit(match.start(), match.end(), new)


class SingleBlanks(RewriteRule):
    """Runs of white space become one space, and those at the ends go."""

    @override
    def apply(self, text: str) -> str:
        return " ".join(text.split())

    @override
    def edits(self, text: str) -> Iterator[Edit]:
        for match in _BLANKS.finditer(text):
            inside = match.start() > 0 and match.end() < len(text)
            yield Edit(match.start(), match.end(), " " if inside else "")


class Composition(RewriteRule):
    """The text in Unicode's normal form C: letters and the accents that follow them become one character."""

    @override
    def apply(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)

    @override
    def edits(self, text: str) -> Iterator[Edit]:
        """Return an edit for each letter whose accents were joined or put into another order.

        Where a text cannot be taken apart letter by letter, it is one edit as a whole.
        """
        composed = self.apply(text)
        starts = [place for place, character in enumerate(text) if not place or _begins(character)]
        stretches = list(itertools.pairwise([*starts, len(text)]))
        parts = [self.apply(text[start:end]) for start, end in stretches]
        if "".join(parts) != composed:
            yield Edit(0, len(text), composed)
            return
        for (start, end), part in zip(stretches, parts, strict=True):
            if part != text[start:end]:
                yield Edit(start, end, part)


@dataclass(frozen=True)
class Traced:
    """A text, and for each of its characters the stretch of the first text, `starts` to `ends`, that it came from.

    Two are equal where their texts are.
    """

    text: str
    starts: Sequence[int] = field(compare=False)
    ends: Sequence[int] = field(compare=False)

    @classmethod
    def of(cls, text: str) -> "Traced":
        """Begin with a text as it is."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def apply(self, rule: RewriteRule) -> "Traced":
        """Return the text rewritten; what replaced a stretch came, each character of it, from the whole stretch."""
        if rule.apply(self.text) == self.text:
            return self
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, new in rule.edits(self.text):
            parts += (self.text[done:start], new)
            starts += (*self.starts[done:start], *[self.starts[start]] * len(new))
            ends += (*self.ends[done:start], *[self.ends[end - 1]] * len(new))
            done = end
        parts.append(self.text[done:])
        starts += self.starts[done:]
        ends += self.ends[done:]
        return Traced("".join(parts), starts, ends)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the first text that the characters from `start` to `end`, at least one, came from."""
        return self.starts[start], self.ends[end - 1]


def _begins(character: str) -> bool:
    """Tell whether a character never joins the one before it."""
    return unicodedata.category(character)[0] != "M" and _JAMO.match(character) is None
