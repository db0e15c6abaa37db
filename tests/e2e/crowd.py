"""A crowd whose ids, handles and names are found again wherever they come out."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

AUTHORS: Final = 40
POSTS: Final = 320
_SYLLABLES = ("mar", "lo", "quis", "tad", "ven", "dri", "zel", "pho", "kur", "wex", "bly", "osk")
_WORDS = (
    "worst airline ever, they lost my bag and lied",
    "best flight ever, the crew was wonderful",
    "three hours delay in Denver and no help at all",
    "Der Flug war leider verspätet",
    "why is my booking gone again?",
)


@dataclass
class Traces:
    """What went in of people, ids to biographies, by kind."""

    of_kind: dict[str, set[str]] = field(default_factory=dict)

    def note(self, kind: str, trace: str) -> str:
        """Remember a trace and return it."""
        self.of_kind.setdefault(kind, set()).add(trace)
        return trace

    def needles(self) -> Iterator[tuple[str, bytes]]:
        """Yield each trace as it may stand in a file: as text, as a number, and hashed without a key."""
        for kind, traces in self.of_kind.items():
            for trace in traces:
                yield kind, trace.encode()
                yield f"{kind} in UTF-16", trace.encode("utf-16-le")
                if trace.isdecimal():
                    yield f"{kind} as a number", int(trace).to_bytes(8, "big")
                    yield f"{kind} as a number", int(trace).to_bytes(8, "little")
        for trace in self.of_kind["author id"]:
            for text in (trace, f"x:{trace}"):
                for make in (hashlib.md5, hashlib.sha1, hashlib.sha256):
                    yield f"unkeyed {make().name} of an author id", make(text.encode()).hexdigest().encode()


class Crowd:
    """Authors and posts that look real, with traces that are found again wherever they come out."""

    def __init__(self) -> None:
        """Make 40 people, the same each time."""
        self.dice = random.Random(20150224)  # noqa: S311 - not for secrets
        self.traces = Traces()
        self.people = [self._person() for _ in range(AUTHORS)]
        self.post_ids = [self.traces.note("post id", self._number()) for _ in range(POSTS)]

    def _number(self) -> str:
        return f"1{self.dice.randrange(10**18):018}"

    def _word(self) -> str:
        return "".join(self.dice.sample(_SYLLABLES, 4))

    def _person(self) -> dict[str, Any]:
        note, name = self.traces.note, self._word()
        handle = note("handle", f"{name}_{self.dice.randrange(1000):03}")
        return {
            "id": note("author id", self._number()),
            "handle": handle,
            "screen_name": handle,
            "name": note("name", f"{name.title()} Q{self._word()}"),
            "description": note("biography", f"mother of {self._word()}, {self._word()} fan"),
            "location": note("place", f"Port {self._word()}"),
            "profile_image_url": note("avatar", f"https://img.example.com/{self._word()}.jpg"),
            "followers": self.dice.randrange(5000),
            "created_at": "2012-05-01T00:00:00Z",
        }

    def post(self, number: int) -> dict[str, Any]:
        """Return a post that mentions people, links to posts and gives an address away."""
        mine = self.people[number % AUTHORS]
        other, third = self.dice.sample([one for one in self.people if one is not mine], 2)
        earlier = self.post_ids[self.dice.randrange(POSTS)]
        texts = [
            f"@{other['handle']} @aerolume {self.dice.choice(_WORDS)} https://x.com/{third['handle']}/status/{earlier}",
            f"RT @{other['handle']}: {self.dice.choice(_WORDS)} cc @{third['handle']}!",
            f"{self.dice.choice(_WORDS)} (write to {mine['handle']}@example.com)",
            f"{self.dice.choice(_WORDS)} via @{other['handle']}@social.example x.com/{mine['handle']}",
            f"{self.dice.choice(_WORDS)} {number}",
        ]
        hours = number % 20 if number % 3 else 24 * (number % 200)
        return {
            "platform": "x",
            "post_id": self.post_ids[number],
            "author": mine,
            "text": texts[number % len(texts)],
            "created_at": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
            "in_reply_to": earlier if number % 2 else None,
            "likes": number,
        }

    def bad(self) -> list[Any]:
        """Return posts that are refused, each for another reason, with traces in the wrong places."""
        good, mine = self.post(0), self.people[0]
        return [
            good | {"platform": mine["handle"]},
            good | {"post_id": int(good["post_id"])},
            good | {"author": mine["handle"]},
            good | {"author": mine | {"id": None}},
            good | {"author": mine | {"followers": mine["handle"]}},
            good | {"created_at": mine["id"]},
            good | {"text": mine["handle"] * 900},
            mine["id"],
        ]
