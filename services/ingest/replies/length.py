"""How long a reply may be, as each platform counts; where a count is doubtful, ours is the larger."""

import re
import unicodedata
from typing import Final

from services.ingest.sources.graphemes import graphemes
from shared.analyzed_post import Platform

LIMITS: Final[dict[Platform, int]] = {
    "x": 280,
    "bluesky": 300,
    "mastodon": 10_000,
    "instagram": 2200,
    "facebook": 8000,
}
"""The most that a reply may count; a platform that is not here cannot be answered on.

Servers of Mastodon have limits of their own, most of them 500, which the writer asks for when it sends.
"""
MOST_BYTES: Final[dict[Platform, int]] = {"bluesky": 3000}
"""The most bytes in UTF-8 (the lexicon app.bsky.feed.post)."""

_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_LINK_LENGTH: Final = 23
"""What X and Mastodon count for a link, however long it is."""
_BARE_LINK: Final = re.compile(r"(?:[^\s./]+\.)+[^\s./]{2,}(?:/\S*)?")
_FAR_TOO_LONG: Final = 4
"""Times the limit: looking for links in such a text would take long, and only links make a text count for less."""
_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that X counts as one character; every other counts as two (twitter-text, configuration 3)."""


def length(platform: Platform, text: str) -> int:
    """Return what `text` counts for on a platform, never less than the platform's own count.

    X: weighted characters of the NFC form, links 23. Mastodon: characters, links 23. Bluesky: characters as people
    see them. The others: code points, of which a character that is seen has one or more.
    """
    composed = unicodedata.normalize("NFC", text)
    if platform == "x":
        links = len(_LINK.findall(composed))
        rest = _LINK.sub("", composed)
        # X makes a link of a bare domain too, and then counts 23 where the name is shorter.
        short = sum(max(0, _LINK_LENGTH - _weight(bare)) for bare in _BARE_LINK.findall(rest))
        return links * _LINK_LENGTH + _weight(rest) + short
    if platform == "mastodon":
        return len(_LINK.findall(composed)) * _LINK_LENGTH + len(_LINK.sub("", composed))
    return graphemes(text) if platform == "bluesky" else len(composed)


def fault_of(platform: Platform, text: str) -> str | None:
    """Return in a sentence why `text` cannot be a reply on a platform, None where it can."""
    most = LIMITS.get(platform)
    if most is None:
        return f"replies on '{platform}' are not possible"
    if not any(character.isprintable() and not character.isspace() for character in text):
        return "the reply is blank"
    most_bytes = MOST_BYTES.get(platform)
    if most_bytes is not None and (size := len(text.encode("utf-8", "replace"))) > most_bytes:
        return f"the reply has {size} bytes; {platform} takes {most_bytes}"
    if most_bytes is None and len(text) > _FAR_TOO_LONG * most:
        return f"the reply has {len(text)} characters; {platform} takes {most}"
    counted = length(platform, text)
    return f"the reply counts {counted} of the {most} characters that {platform} takes" if counted > most else None


def _weight(text: str) -> int:
    return sum(1 if any(low <= ord(one) <= high for low, high in _LIGHT) else 2 for one in text)
