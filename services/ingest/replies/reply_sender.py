"""Sending of approved replies, each at most once: the intent is stored before the platform is called."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.ingest.identity import Pseudonymizer
from services.ingest.replies.approval import release
from services.ingest.replies.candidate import reply_key
from services.ingest.replies.claims import SendClaim
from services.ingest.replies.content import ReplyContent, ReplyContents
from services.ingest.replies.quiet_hours import QuietHours
from services.ingest.replies.reply import (
    LONGEST_KEPT,
    Reply,
    claim,
    expire,
    lose,
    postpone,
    refuse,
    reject,
    settle,
    told_anew,
)
from services.ingest.replies.store import ReplyStore
from services.ingest.sources.reply_writer import OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from services.ingest.vault.cipher import UnopenableError
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import VoxpopError

POLL_SECONDS: Final = 2.0
CALL_SECONDS: Final = 20.0
CLAIM_SECONDS: Final = 3 * CALL_SECONDS
"""After this a claim without an outcome counts as lost; longer than any call lasts."""
SETTLE_WAITS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_BATCH: Final = 20
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ReplySender:
    """Sends for one replica; any number may run, since only the one that swaps a reply to `sending` calls the platform.

    The argument: only the replica that stored the state `sending` with a new attempt number calls the platform, once.
    A reply leaves `sending` by an outcome, or by time to `unknown`; neither leads to another call by itself. So each
    approval leads to one call at most, whichever replica crashes and whenever (a platform that says that it took
    nothing, `NotSent`, may be asked again). One gap stays: a process that halts between storing and calling for
    longer than its claim lasts, while a person approves the unknown reply again. The process looks at its clock right
    before the call, so the halt must fall exactly there.
    """

    store: ReplyStore
    contents: ReplyContents
    writers: Mapping[Platform, ReplyWriter]
    pseudonymizer: Pseudonymizer
    clock: Clock
    quiet: QuietHours
    daily_cap: int
    author_pause: timedelta
    owner: str

    async def run(self) -> None:
        """Send what is due, every 2 s, until cancelled; a call that has begun is waited for, 20 s at most."""
        while True:
            try:
                await self.turn()
            except VoxpopError as error:
                log.warning("replies.sending_paused", error=type(error).__name__)
            await self.clock.sleep(POLL_SECONDS)

    async def turn(self) -> None:
        """Pass lost claims to a person, close what expired, send what is due. Raises as the store does."""
        now = self.clock.now()
        for reply in await self.store.ahead(now, timedelta(seconds=CLAIM_SECONDS), LONGEST_KEPT, _BATCH):
            await self._change(reply, told_anew(reply, now, timedelta(seconds=CLAIM_SECONDS)))
        for reply in await self.store.overdue(now, _BATCH):
            await self._change(reply, lose(reply, now))
        for reply in await self.store.stale(now, _BATCH):
            await self._close(reply, expire(reply, now))
        if self.quiet.are_on(now):
            return
        for reply in await self.store.due(now, _BATCH):
            if self.quiet.are_on(self.clock.now()):
                return
            await self.send(reply)

    async def send(self, reply: Reply) -> None:
        """Send one approved reply, or say in it why it was not."""
        now = self.clock.now()
        writer = self.writers.get(reply.platform)
        if writer is None:
            await self._close(reply, refuse(reply, now, f"no account is set up to reply on {reply.platform}"))
            return
        if await self.store.opted_out([reply.author]):
            await self._close(reply, reject(reply, now, "the author wants no replies"))
            return
        try:
            content = await self.contents.read(reply.content)
        except UnopenableError as error:
            await self._change(reply, postpone(reply, now, now + timedelta(hours=1), error.detail))
            return
        if content is None:
            await self._close(reply, refuse(reply, now, "what is needed to send it is not kept any more"))
        elif await self._may_go(reply):
            await self._publish(reply, writer, content)

    async def _may_go(self, reply: Reply) -> bool:
        """Claim the day and the author for the next attempt; else say in the reply why not."""
        now, claimed = self.clock.now(), SendClaim(reply.id, reply.attempt + 1)
        day = self.quiet.day(now)
        if not await self.store.take_day(day, claimed, self.daily_cap):
            sentence = f"the day's {self.daily_cap} replies are sent; it waits for the next day"
            await self._change(reply, postpone(reply, now, self.quiet.next_day(now), sentence))
            return False
        if await self.store.take_author(reply.author, claimed, now, now + self.author_pause):
            return True
        await self.store.release_day(day, claimed)
        sentence = f"the author was answered less than {self.author_pause.days} days ago"
        await self._close(reply, refuse(reply, now, sentence))
        return False

    async def _publish(self, reply: Reply, writer: ReplyWriter, content: ReplyContent) -> None:
        now, began = self.clock.now(), self.clock.monotonic()
        claimed = claim(reply, now, self.owner, now + timedelta(seconds=CLAIM_SECONDS))
        if claimed is None or not await self.store.swap(reply, claimed):
            await self._release_unused(reply)
            return
        if self.clock.monotonic() - began > CALL_SECONDS:
            # The process halted while storing: the rest of the claim may be too short for a call. The platform was not
            # called, but other replicas may count the claim as lost by now; a person looks.
            return
        outgoing = OutgoingReply(content.post_id, content.text, reply.id, reply.created_at)
        outcome, cancelled = await call(writer, outgoing)
        sent_key = (
            reply_key(self.pseudonymizer, reply.platform, outcome.reply_id) if isinstance(outcome, Sent) else None
        )
        await self._settle(claimed, outcome, sent_key)
        log.info("replies.attempted", reply=reply.id, attempt=claimed.attempt, outcome=type(outcome).__name__)
        if cancelled:
            raise asyncio.CancelledError

    async def _settle(self, claimed: Reply, outcome: SendOutcome, sent_key: str | None) -> None:
        """Record an outcome, with retries while the store is away; without a record the claim lapses."""
        for wait in (*SETTLE_WAITS, None):
            try:
                while True:
                    reply = await self.store.find(claimed.id)
                    settled = settle(reply, claimed.attempt, outcome, self.clock.now(), sent_key)
                    if settled is None:
                        return
                    if await self.store.swap(reply, settled):
                        await release(self.store, settled, self.quiet.day(self.clock.now()))
                        if settled.state == "rejected":
                            await self.contents.forget(settled.content)
                        return
            except VoxpopError as error:
                log.warning("replies.outcome_not_kept", reply=claimed.id, error=type(error).__name__)
                if wait is not None:
                    await self.clock.sleep(wait)

    async def _release_unused(self, reply: Reply) -> None:
        """Release the claims of an attempt that another change of the reply made impossible."""
        latest = await self.store.find(reply.id)
        if latest.attempt == reply.attempt:
            await release(
                self.store, latest.model_copy(update={"attempt": reply.attempt + 1}), self.quiet.day(self.clock.now())
            )

    async def _change(self, before: Reply, after: Reply | None) -> None:
        if after is not None:
            await self.store.swap(before, after)

    async def _close(self, before: Reply, after: Reply | None) -> None:
        if after is not None and await self.store.swap(before, after):
            await release(self.store, after, self.quiet.day(self.clock.now()))
            if after.state in {"rejected", "expired"}:
                await self.contents.forget(before.content)


async def call(writer: ReplyWriter, reply: OutgoingReply) -> tuple[SendOutcome, bool]:
    """Ask a platform once; return the outcome, and whether the caller was cancelled meanwhile.

    A cancellation does not end the call, since that would leave its outcome unknown: the call is waited for, 20 s at
    most. What the adapter raises is an unknown outcome too. The caller must record the outcome and
    then end where it was cancelled.
    """
    asking = asyncio.create_task(_outcome(writer, reply), name="reply")
    cancelled = False
    while not asking.done():
        try:
            await asyncio.shield(asking)
        except asyncio.CancelledError:
            cancelled = True
    return asking.result(), cancelled


async def _outcome(writer: ReplyWriter, reply: OutgoingReply) -> SendOutcome:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await writer.reply(reply)
    except TimeoutError:
        return Unknown(f"the platform did not answer within {CALL_SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - after any error the request may have gone out
        return Unknown(f"the adapter failed ({type(error).__name__})")
