"""A reply and the states that it goes through; pure: each step returns the next state of a reply, or raises.

draft ──approve──> approved ──claim──> sending ──settle──> sent
  │                   │ ^                 │ ├──settle──> refused   (certainly not sent; may be approved again)
  │                   │ │                 │ ├──settle──> rejected  (the post is gone)
  │                   │ └──settle: later──┘ └──lose────> unknown   (a person decides)
  └──reject / expire──┴──> rejected, expired
A dry run stays `dry_run`.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.ingest.sources.reply_writer import NotSent, SendOutcome, Sent
from shared.analyzed_post import Platform
from shared.brand import Brand
from shared.clock import brought_near
from shared.errors import ConflictError

ReplyState = Literal["draft", "approved", "sending", "sent", "refused", "unknown", "rejected", "expired", "dry_run"]
WAITING: Final[frozenset[ReplyState]] = frozenset({"draft", "approved"})
"""States in which nothing was sent yet and something may be."""
NOT_SENT: Final[frozenset[ReplyState]] = frozenset({"rejected", "refused", "expired", "dry_run"})
"""States that tell for certain that nothing of the last attempt was published."""
MOST_ATTEMPTS: Final = 6
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=2)
LONGEST_DUE: Final = timedelta(hours=26)
"""How long an approved reply waits at the most: for the next day, which may be one of 25 hours."""

LONGEST_KEPT: Final = timedelta(days=30)
"""How long a reply may wait for a person (`REPLIES_KEEP_DAYS`)."""


class Reply(BaseModel):
    """One reply to one post. It holds no raw id and no text: `content` names the row of the vault where those are.

    `id` and `author` are keys of replies alone, made with the pseudonym key: without that key they cannot be linked
    to a profile or a post. `version` rises by one with each change. `attempt` counts claims and fences them: only
    the outcome of the latest is taken; `tries` counts those since the approval. `doubtful` tells that some attempt
    may have published something without a record of it: the author then counts as answered. `sending_until` is when
    a claim without an outcome counts as lost. `known` is a sentence for a person. `sent_key` is the key of the
    published post. (Bodies in stores call `content` `letter`.)
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)

    id: str
    brand: Brand
    platform: Platform
    author: str
    rule: str
    content: str = Field(alias="letter")
    state: ReplyState
    automatic: bool = False
    score: float | None = None
    category: str | None = None
    language: str | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    expires_at: AwareDatetime
    due_at: AwareDatetime
    attempt: Annotated[int, Field(ge=0)] = 0
    tries: Annotated[int, Field(ge=0)] = 0
    doubtful: bool = False
    owner: str | None = None
    sending_until: AwareDatetime | None = None
    sent_key: str | None = None
    known: str = ""
    version: Annotated[int, Field(ge=1)] = 1


def approve(reply: Reply, now: datetime, content: str, *, although_unknown: bool = False) -> Reply:
    """Return the reply approved with the words in `content`; raises ConflictError where it cannot be.

    A reply whose outcome is unknown needs `although_unknown`: a person looked on the platform.
    """
    if reply.state == "unknown" and not although_unknown:
        raise ConflictError(
            "it is not known whether this reply was published: look on the platform, then approve it with "
            '"although_unknown": true to send it again, or reject it'
        )
    if reply.state not in {"draft", "refused", "unknown"}:
        raise ConflictError(f"a reply that is '{reply.state}' cannot be approved")
    if reply.expires_at <= now:
        raise ConflictError("this reply has expired: what is needed to send it is not kept any more")
    return _next(reply, now, state="approved", content=content, due_at=now, tries=0, known="")


def reject(reply: Reply, now: datetime, reason: str = "") -> Reply:
    """Return the reply closed finally; raises ConflictError where it is being sent or was closed before."""
    if reply.state not in {"draft", "approved", "refused", "unknown"}:
        raise ConflictError(f"a reply that is '{reply.state}' cannot be rejected")
    known = f"{reply.known}; then rejected" if reply.state == "unknown" else "rejected"
    return _next(reply, now, state="rejected", known=f"{known}: {reason}" if reason else known)


def expire(reply: Reply, now: datetime) -> Reply | None:
    """Return the reply closed because it has expired; None where it has not, or is not waiting."""
    if reply.state not in WAITING or reply.expires_at > now:
        return None
    return _next(reply, now, state="expired", known="it was not approved in time, or could not be sent in time")


def claim(reply: Reply, now: datetime, owner: str, until: datetime) -> Reply | None:
    """Return the reply with the intent to send it now; None where it is not to be sent (now, or any more).

    Only the replica that stored this state may call the platform, once, before `until`.
    """
    if reply.state != "approved" or reply.due_at > now or reply.expires_at <= now:
        return None
    return _next(
        reply,
        now,
        state="sending",
        attempt=reply.attempt + 1,
        tries=reply.tries + 1,
        owner=owner,
        sending_until=until,
        known="it is being sent",
    )


def postpone(reply: Reply, now: datetime, due_at: datetime, known: str) -> Reply | None:
    """Return an approved reply that waits until `due_at`; None where it is not approved any more."""
    return _next(reply, now, due_at=due_at, known=known) if reply.state == "approved" else None


def refuse(reply: Reply, now: datetime, known: str) -> Reply | None:
    """Return an approved reply as one that is not sent, without having been tried; None where it is not approved."""
    return _next(reply, now, state="refused", known=known) if reply.state == "approved" else None


def settle(
    reply: Reply, attempt: int, outcome: SendOutcome, now: datetime, sent_key: str | None = None
) -> Reply | None:
    """Return the reply with the outcome of an attempt; None where that outcome changes nothing any more.

    An outcome that comes late, after the claim counted as lost, is still the truth: it settles the reply as long
    as no later attempt has begun, so that a second approval sends nothing where the first has.
    """
    if attempt != reply.attempt or reply.state not in {"sending", "unknown", "approved", "rejected"}:
        return None
    if isinstance(outcome, Sent):
        return _next(reply, now, state="sent", sent_key=sent_key, known="published")
    if reply.state in {"approved", "rejected"} or (reply.state == "unknown" and not isinstance(outcome, NotSent)):
        return None
    if not isinstance(outcome, NotSent):
        return _next(reply, now, state="unknown", doubtful=True, known=f"sent, outcome unknown: {outcome.sentence}")
    if outcome.retry and reply.state == "sending" and reply.tries < MOST_ATTEMPTS:
        wait = max(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (reply.tries - 1)), timedelta(seconds=outcome.wait))
        return _next(reply, now, state="approved", due_at=now + wait, known=f"not sent yet: {outcome.sentence}")
    state: ReplyState = "rejected" if outcome.is_gone else "refused"
    return _next(reply, now, state=state, known=f"not sent: {outcome.sentence}")


def told_anew(reply: Reply, now: datetime, claim_lasts: timedelta) -> Reply:
    """Return a reply none of whose moments lies further ahead than it ever may: a clock that ran ahead named those.

    It is due at once and is kept from now on for as long as it was to be kept. One that is being sent keeps its claim
    for as long as a claim lasts, since the call may just be made.
    """
    until = reply.sending_until
    changes = {
        "due_at": now if brought_near(reply.due_at, now, LONGEST_DUE) != reply.due_at else reply.due_at,
        "expires_at": brought_near(reply.expires_at, now, reply.expires_at - reply.created_at),
        "sending_until": None if until is None else brought_near(until, now, claim_lasts),
        "version": reply.version + 1,
    }
    return reply.model_copy(update=changes)


def lose(reply: Reply, now: datetime) -> Reply | None:
    """Return a reply whose claim ran out without an outcome as one that a person must look at; else None."""
    if reply.state != "sending" or reply.sending_until is None or reply.sending_until > now:
        return None
    known = "its sending began and no outcome was recorded: it may or may not have been published"
    return _next(reply, now, state="unknown", doubtful=True, known=known)


def _next(reply: Reply, now: datetime, **changes: object) -> Reply:
    return reply.model_copy(update={**changes, "updated_at": now, "version": reply.version + 1})
