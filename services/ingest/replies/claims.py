"""The claims that keep replies few, and the authors and posts that get none."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from shared.clock import SKEW, brought_near, milliseconds, moment
from shared.documents.base import MOST_DOCUMENTS, Documents, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query

AUTHOR_CLAIMS: Final = Collection("reply_authors", {"reply": str, "attempt": int, "until_ms": int})
"""An author claimed by an attempt of a reply until a moment."""
DAYS: Final = Collection("reply_days")
OPT_OUTS: Final = Collection("reply_opt_outs", {"since_ms": int})
GONE: Final = Collection("reply_gone", {"through_ms": int}, (Index(("through_ms",)),))
GONE_DAYS: Final = 31
"""As long as a post may be answered at most (`REPLIES_POST_HOURS`), and a day."""
DAYS_KEPT: Final = 7
"""Days of the daily cap; time zones and clocks apart, today's alone is asked for."""

_HOUR: Final = timedelta(hours=1)
_ATTEMPTS: Final = TypeAdapter(dict[str, int])


@dataclass(frozen=True)
class SendClaim:
    """One attempt of one reply, which claims an author and a place in a day. A reply never stands in its own way."""

    reply: str
    attempt: int


class ReplyClaims:
    """The part of `ReplyStore` about claims and about authors and posts that get no reply."""

    def __init__(self, documents: Documents) -> None:
        """Use an open database."""
        self._documents = documents

    async def take_author(self, author: str, claim: SendClaim, now: datetime, until: datetime) -> bool:
        """Claim an author for a reply until a moment; False where another reply has them beyond `now`.

        A claim that a clock that ran ahead made counts from now on.
        """
        wanted = author_document(author, claim, milliseconds(until))

        def taking(document: Document | None) -> Document:
            known = (document or wanted).fields
            until_ms = _number(known["until_ms"])
            if document is None or known["reply"] == claim.reply or until_ms <= milliseconds(now):
                return wanted
            near = milliseconds(brought_near(moment(until_ms), now, until - now))
            return author_document(author, _claim(document), near) if near < until_ms else document

        kept = await self._documents.update(AUTHOR_CLAIMS, author, taking)
        return kept is not None and _claim(kept).reply == claim.reply

    async def release_author(self, author: str, claim: SendClaim) -> None:
        """Release an author, where exactly this attempt claims them."""

        def releasing(document: Document | None) -> Document | None:
            is_own = document is not None and _claim(document) == claim
            return None if is_own else document

        await self._documents.update(AUTHOR_CLAIMS, author, releasing)

    async def take_day(self, day: str, claim: SendClaim, most: int) -> bool:
        """Count a reply into a day (`2026-03-01`); False where it is not counted yet and `most` are.

        Counting again adds nothing. Days a week ago and earlier are dropped.
        """

        def counting(document: Document | None) -> Document:
            counted = _counted(document)
            if claim.reply not in counted and len(counted) >= most:
                raise _TakenError
            return day_document(day, counted | {claim.reply: claim.attempt})

        oldest = date.fromisoformat(day) - timedelta(days=DAYS_KEPT)
        await self._documents.delete_found(DAYS, Query(high=oldest.isoformat()), MOST_DOCUMENTS)
        try:
            await self._documents.update(DAYS, day, counting)
        except _TakenError:
            return False
        return True

    async def release_day(self, day: str, claim: SendClaim) -> None:
        """Take a reply out of a day's count, where exactly this attempt was the last to be counted for it."""

        def releasing(document: Document | None) -> Document | None:
            counted = _counted(document)
            if counted.get(claim.reply) != claim.attempt:
                return document
            del counted[claim.reply]
            return day_document(day, counted)

        await self._documents.update(DAYS, day, releasing)

    async def opt_out(self, authors: Sequence[str], now: datetime) -> None:
        """Remember that these authors (1,000 at most) want no replies, now and later."""
        new = set(authors) - await self.opted_out(authors)
        await self._documents.put_all(
            OPT_OUTS, [Document(author, "", {"since_ms": milliseconds(now)}) for author in sorted(new)]
        )

    async def opted_out(self, authors: Sequence[str]) -> set[str]:
        """Return those of the authors (1,000 at most) that want no replies."""
        return {document.key for document in await self._documents.get_all(OPT_OUTS, authors, bodies=False)}

    async def note_gone(self, keys: Sequence[str], through: datetime) -> None:
        """Remember that these posts are gone, or what these authors posted up to a moment (1,000 keys at most).

        The latest moment counts. Marks are dropped `GONE_DAYS` days before `through`: older posts get no answer. Marks
        that a clock that ran ahead left count up to `through`, which is the hour that it is now.
        """

        async def noting(operations: Operations) -> None:
            found = await operations.get_all(GONE, keys, bodies=False)
            later = {document.key for document in found if _through(document) >= through}
            marks = [Document(key, "", {"through_ms": milliseconds(through)}) for key in set(keys) - later]
            await operations.put_all(GONE, marks)

        if keys:
            await self._documents.transaction(noting)
        old = Query(("through_ms",), high=milliseconds(through - timedelta(days=GONE_DAYS)) - 1)
        while await self._documents.delete_found(GONE, old, MOST_DOCUMENTS) == MOST_DOCUMENTS:
            pass
        latest = {"through_ms": milliseconds(through)}
        ahead = Query(("through_ms",), low=milliseconds(through + _HOUR + SKEW) + 1)
        while found := await self._documents.find(GONE, ahead, MOST_DOCUMENTS):
            await self._documents.put_all(GONE, [Document(document.key, "", latest) for document in found])

    async def gone(self, keys: Sequence[str]) -> dict[str, datetime]:
        """Return those of the keys (1,000 at most) that were noted, and up to when."""
        found = await self._documents.get_all(GONE, keys, bodies=False)
        return {document.key: _through(document) for document in found}


async def forget_claims(operations: Operations, author: str, removed: Sequence[str], kept: Sequence[str]) -> None:
    """Release an author whom none of their `kept` replies claims, and rename `removed` replies in the days.

    A day counts the replies in it, so a removed one leaves an id of no meaning behind.
    """
    claim = await operations.get(AUTHOR_CLAIMS, author)
    if claim is not None and _claim(claim).reply not in kept:
        await operations.delete(AUTHOR_CLAIMS, author)
    query = Query()
    while days := await operations.find(DAYS, query, MOST_DOCUMENTS):
        for document in days:
            counted = _counted(document)
            renamed = {secrets.token_hex(16) if reply in removed else reply: counted[reply] for reply in counted}
            if renamed.keys() != counted.keys():
                await operations.replace(DAYS, replace(document, body=day_document(document.key, renamed).body))
        query = query.behind(days[-1])


def author_document(author: str, claim: SendClaim, until_ms: int) -> Document:
    """Return a claim to an author as it is kept."""
    return Document(author, "", {"reply": claim.reply, "attempt": claim.attempt, "until_ms": until_ms})


def day_document(day: str, counted: Mapping[str, int]) -> Document:
    """Return a day as it is kept: the replies that it counts, by id, with the attempt that was counted last."""
    return Document(day, _ATTEMPTS.dump_json(dict(counted)).decode())


class _TakenError(Exception):
    """Leaves a claim as it is."""


def _counted(document: Document | None) -> dict[str, int]:
    return _ATTEMPTS.validate_json(document.body) if document is not None else {}


def _through(document: Document) -> datetime:
    return moment(_number(document.fields["through_ms"]))


def _claim(document: Document) -> SendClaim:
    return SendClaim(str(document.fields["reply"]), _number(document.fields["attempt"]))


def _number(value: Value) -> int:
    assert isinstance(value, int)  # noqa: S101 - the collection declares it
    return value
