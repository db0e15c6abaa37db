"""An erasure and the states that it goes through; pure: each step returns the next state.

queued ──lease──> running ──everything is gone──> done ──a while later──> done, looked at again
                    │  ^                            │
                    v  │                            └──asked for again──> queued
                  waiting (for a peer, or for a reply that is just being sent)
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from shared.analysis import Frozen
from shared.analyzed_post import Key
from shared.erasure import Count, ErasedOfBrand

State = Literal["queued", "running", "waiting", "done"]
LEASE: Final = timedelta(minutes=2)
"""Longer than a call to a peer with its retries may last."""
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=15)
SETTLED: Final = timedelta(minutes=2)
"""After this long, whatever was under way when an erasure was asked for has ended: deliveries, calls of platforms."""
_MOST_DOUBLINGS: Final = 16


class ErasedHere(Frozen):
    """What went out of ingest's own places, and what it had sent elsewhere, which is for people to remove there."""

    drafts: Count = 0
    tickets: Count = 0
    vault_rows: Count = 0
    recent_posts: Count = 0
    tickets_at_desks: dict[str, Count] = Field(default={})
    replies_on_platforms: dict[str, Count] = Field(default={})

    def plus(self, other: "ErasedHere") -> "ErasedHere":
        """Return both together."""
        return ErasedHere(
            drafts=self.drafts + other.drafts,
            tickets=self.tickets + other.tickets,
            vault_rows=self.vault_rows + other.vault_rows,
            recent_posts=self.recent_posts + other.recent_posts,
            tickets_at_desks=_sum(self.tickets_at_desks, other.tickets_at_desks),
            replies_on_platforms=_sum(self.replies_on_platforms, other.replies_on_platforms),
        )


class Erasure(Frozen):
    """One author's erasure; there is one an author, and it stays as the author's tombstone in ingest.

    No raw id: `author_key` is the profile's key, `reply_author` that of replies, gone once nothing is looked for any
    more, since the two side by side would link what is apart on purpose. It is due at `due_at`, never for None.
    `attempts` counts those in vain since the last that was not.
    """

    id: str
    author_key: Key
    reply_author: Key | None
    state: State = "queued"
    waiting_for: str | None = None
    known: str = ""
    asked_at: AwareDatetime
    done_at: AwareDatetime | None = None
    looked_again_at: AwareDatetime | None = None
    due_at: AwareDatetime | None
    attempts: Annotated[int, Field(ge=0)] = 0
    here: ErasedHere = ErasedHere()
    profiles: tuple[ErasedOfBrand, ...] = ()


def asked_again(erasure: Erasure, asked: Erasure) -> Erasure:
    """Return a done erasure queued once more, with what was removed so far; one that is not done as it is."""
    if erasure.state != "done":
        return erasure
    begun_anew = {
        "reply_author": asked.reply_author,
        "state": "queued",
        "done_at": None,
        "looked_again_at": None,
        "due_at": asked.due_at,
        "attempts": 0,
    }
    return erasure.model_copy(update=begun_anew)


def taken(erasure: Erasure) -> Erasure:
    """Return an erasure that a replica works on; a done one that is looked at again stays done."""
    state = "done" if erasure.state == "done" else "running"
    return erasure.model_copy(update={"state": state, "waiting_for": None, "known": ""})


def removed_here(erasure: Erasure, here: ErasedHere) -> Erasure:
    """Return an erasure that knows what went out of ingest."""
    return erasure.model_copy(update={"here": erasure.here.plus(here)})


def removed_there(erasure: Erasure, items: Sequence[ErasedOfBrand]) -> Erasure:
    """Return an erasure that knows what went out of profiles."""
    by_brand = {one.brand: one for one in erasure.profiles}
    for one in items:
        before = by_brand.get(one.brand, ErasedOfBrand(brand=one.brand, posts=0, texts=0, assignments=0))
        by_brand[one.brand] = ErasedOfBrand(
            brand=one.brand,
            posts=before.posts + one.posts,
            texts=before.texts + one.texts,
            assignments=before.assignments + one.assignments,
        )
    return erasure.model_copy(update={"profiles": tuple(by_brand[brand] for brand in sorted(by_brand))})


def postponed(erasure: Erasure, now: datetime, waiting_for: str, known: str) -> Erasure:
    """Return an erasure that waits, longer after each attempt in vain, 15 minutes at the most; it never gives up."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(erasure.attempts, _MOST_DOUBLINGS))
    update = {
        "state": "done" if erasure.state == "done" else "waiting",
        "waiting_for": waiting_for,
        "known": known,
        "due_at": now + wait,
        "attempts": erasure.attempts + 1,
    }
    return erasure.model_copy(update=update)


def completed(erasure: Erasure, now: datetime) -> Erasure:
    """Return an erasure whose author is gone everywhere: done, and due once more after `SETTLED`; then never."""
    update: dict[str, object] = {"state": "done", "waiting_for": None, "known": "", "attempts": 0}
    if erasure.done_at is None:
        update |= {"done_at": now, "due_at": now + SETTLED}
    else:
        update |= {"looked_again_at": now, "due_at": None, "reply_author": None}
    return erasure.model_copy(update=update)


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
