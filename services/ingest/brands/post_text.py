"""A post's text as rules look at it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from services.ingest.brands.expression import is_of_hashtag
from services.ingest.brands.spelling import JOINER, is_spaceless, plain

MAX_READ: Final = 10_000
"""Characters that are looked at: a longer post is none that ingest takes."""

_HASHES: Final = "#\uff03"
_ATS: Final = "@\uff20"
_JOINERS: Final = "\u200c" + JOINER
# Fixed patterns, bounded, matched from each @ on. Boundaries are ASCII: other scripts stand beside a handle unspaced.
_MENTION = re.compile(rf"(?<![A-Za-z0-9_.+-])[{_ATS}]([A-Za-z0-9_](?:[A-Za-z0-9_.@:-]{{0,299}}[A-Za-z0-9_])?)")
_PLAIN_MENTION = re.compile(rf"(?<![A-Za-z0-9_.+-])[{_ATS}]([A-Za-z0-9_]{{1,50}})")


@dataclass(frozen=True, repr=False)
class PostText:
    """The text with what the platform lists beside it; each view of it is made when it is first asked for.

    Where `dotted_handles`, `@aerolume.example` is another handle than `@aerolume`: everywhere but on X.
    """

    raw: str
    told_hashtags: Sequence[str] = ()
    told_mentions: Sequence[str] = ()
    dotted_handles: bool = True

    @cached_property
    def plain(self) -> str:
        """The text in its one spelling."""
        return plain(self.raw[:MAX_READ])

    @cached_property
    def hashtags(self) -> frozenset[str]:
        """The hashtags in their one spelling, without `#`, those that the platform told of included."""
        return frozenset(plain(tag) for tag in (*_hashtags(self.raw[:MAX_READ]), *_bare(self.told_hashtags, _HASHES)))

    @cached_property
    def mentions(self) -> frozenset[str]:
        """The handles in lower case, without `@`, those that the platform told of included."""
        pattern = _MENTION if self.dotted_handles else _PLAIN_MENTION
        found = pattern.findall(self.raw[:MAX_READ]) if any(at in self.raw for at in _ATS) else ()
        return frozenset(name.lower() for name in (*found, *_bare(self.told_mentions, _ATS)))


def _bare(names: Sequence[str], signs: str) -> Iterable[str]:
    return (name.lstrip(signs) for name in names)


def _hashtags(text: str) -> Iterator[str]:
    """Yield each whole hashtag: from a `#` that does not continue a word or an address, up to what none may hold."""
    for sign in _HASHES:
        start = text.find(sign)
        while start >= 0:
            end = start + 1
            while end < len(text) and (is_of_hashtag(text[end]) or text[end] in _JOINERS):
                end += 1
            before = text[start - 1] if start else " "
            if end > start + 1 and before not in "/&_" and (not before.isalnum() or is_spaceless(before)):
                yield text[start + 1 : end]
            start = text.find(sign, end)
