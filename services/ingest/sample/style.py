"""How people type: small letters, capitals, slips of the finger, stretched words, emoji and hashtags."""

import re
from typing import Final

from services.ingest.sample.dice import Dice

_SENTENCE_START = re.compile(r"(^|[.!?]\s+|\n)(?!http)([a-zà-öø-ÿ])")
_PLAIN_WORD = re.compile(r"[a-z]{5,}")
_STRETCHED = re.compile(r"\b(so|really|never|love)\b", re.IGNORECASE)
_UNTOUCHED: Final = ("@", "#", "http", "(@")


def capitalised(text: str) -> str:
    """Return `text` with a capital at the start of every sentence."""
    return _SENTENCE_START.sub(lambda start: start[1] + start[2].upper(), text)


def small(text: str) -> str:
    """Return `text` the way people write who never press shift; codes, mentions and links stay."""
    return " ".join(
        word if word.isupper() or any(sign.isdigit() for sign in word) or word.startswith(_UNTOUCHED) else word.lower()
        for word in text.split(" ")
    ).removesuffix(".")


def shouted(text: str) -> str:
    """Return `text` in capitals; mentions, hashtags and links stay as they are."""
    return " ".join(word if word.startswith(_UNTOUCHED) or "@" in word else word.upper() for word in text.split(" "))


def mistyped(text: str, dice: Dice) -> str:
    """Return `text` with one slip of the finger in a plain word, or unchanged where there is no such word."""
    words = text.split(" ")
    plain = [place for place, word in enumerate(words) if _PLAIN_WORD.fullmatch(word)]
    if not plain:
        return text
    place = dice.pick(plain)
    word = words[place]
    at = dice.whole(1, len(word) - 3)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    )
    words[place] = dice.pick(slips)
    return " ".join(words)


def stretched(text: str, dice: Dice) -> str:
    """Return `text` with the first word of feeling drawn out, as in "sooo"."""
    return _STRETCHED.sub(lambda word: word[0] + word[0][-1] * dice.whole(2, 4), text, count=1)


def with_emoji(text: str, emoji: str, count: int) -> str:
    """Return `text` followed by `count` of `emoji`."""
    return f"{text} {emoji * count}"


def with_tags(text: str, tags: list[str], platform: str) -> str:
    """Return `text` followed by `tags`, on lines of their own where the platform's users put them there."""
    gap = "\n\n" if platform in ("instagram", "mastodon") else " "
    return text + gap + " ".join(tags)
