"""The invented authors: their accounts, languages, platforms and writing habits."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.ingest.sample.dice import Dice
from services.ingest.sample.kinds import KINDS, Kind

_OTHER_LANGUAGES: Final = (("es", 28.0), ("de", 24.0), ("fr", 19.0), ("pt", 14.0), ("it", 11.0))
_RARE_LANGUAGES: Final = ("ja", "ar", "hi")
_RARE_KINDS: Final = ("holiday", "stranded", "asker")
_HANDLE_STARTS: Final = ("apron", "runway", "tailfin", "cabin", "gate", "fare", "route", "window", "contrail")
_HANDLE_ENDS: Final = ("notes", "ledger", "log", "diary", "watch", "report", "corner", "desk", "radar", "post")
_OLDEST: Final = datetime(2009, 3, 1, tzinfo=UTC)
_NEWEST: Final = datetime(2025, 12, 20, tzinfo=UTC)
_MOST_FOLLOWERS: Final = 900_000


def made_up_id(*parts: object) -> str:
    """Return a number, as text, that belongs to `parts`: 64 bits with the top bit set.

    Platforms that number their posts use 63 bits at most, so none of these can be a real one's.
    """
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return str(int.from_bytes(digest[:8], "big") | 1 << 63)


@dataclass(frozen=True)
class Author:
    """One account. Counts are those before its first post in the sample; chances lie in [0, 1]."""

    id: str
    handle: str
    kind: Kind
    platform: str
    language: str
    followers: int
    following: int
    history: int
    listed: int
    verified: bool
    protected: bool
    created_at: datetime
    lowercase: bool
    typos: float
    emoji: float


def make_authors(dice: Dice) -> list[Author]:
    """Return every author of the sample, kind after kind."""
    return [
        _make_author(kind, number, language, dice)
        for kind in KINDS
        for number, language in enumerate(_languages(kind, dice))
    ]


def _make_author(kind: Kind, number: int, language: str, dice: Dice) -> Author:
    followers = min(int(dice.heavy(*kind.followers)), _MOST_FOLLOWERS)
    age = dice.uniform(0.02, 1.0) if kind.name in ("asker", "stranded") else 1 - dice.uniform(0.0, 0.95) ** 1.4
    return Author(
        id=made_up_id("author", kind.name, number),
        handle=f"{dice.pick(_HANDLE_STARTS)}_{dice.pick(_HANDLE_ENDS)}{dice.whole(11, 99)}",
        kind=kind,
        platform=dice.weighted(kind.platforms),
        language=language,
        followers=followers,
        following=int(dice.heavy(*kind.following)),
        history=int(dice.heavy(*kind.history)),
        listed=int(followers * kind.listed_share * dice.heavy(1.0, 0.5)),
        verified=dice.chance(kind.verified),
        protected=dice.chance(kind.protected),
        created_at=_NEWEST - timedelta(seconds=int(age * (_NEWEST - _OLDEST).total_seconds())),
        lowercase=dice.chance(kind.lowercase),
        typos=kind.typos * dice.uniform(0.0, 2.0),
        emoji=min(kind.emoji * dice.uniform(0.0, 2.0), 0.9),
    )


def _languages(kind: Kind, dice: Dice) -> list[str]:
    """Return the languages of a kind's authors in random order, each as often as its share of them asks."""
    english = round(kind.english * kind.authors)
    rare = list(_RARE_LANGUAGES) if kind.name in _RARE_KINDS else []
    others = _apportioned(kind.authors - english - len(rare))
    languages = ["en"] * english + rare + others
    return [languages[place] for place in dice.shuffled(len(languages))]


def _apportioned(seats: int) -> list[str]:
    """Return `seats` languages, shared out in proportion by the method of Sainte-Lague."""
    shared: list[str] = []
    for _ in range(seats):
        shared.append(max(_OTHER_LANGUAGES, key=lambda pair: pair[1] / (2 * shared.count(pair[0]) + 1))[0])
    return shared
