"""Sending of approved replies, each at most once: the intent is stored before the platform is called."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from services.ingest.identity import Pseudonymizer
from services.ingest.replies.calling import CALL_SECONDS, call
from services.ingest.replies.candidate import reply_key
from services.ingest.replies.desk import release
from services.ingest.replies.letter import Letter, Letters
from services.ingest.replies.quiet_hours import QuietHours
from services.ingest.replies.reply import Reply, claim, expire, lose, postpone, refuse, reject, settle
from services.ingest.replies.stores.base import Claim, ReplyStore
from services.ingest.sources.reply_writer import Outcome, ReplyWriter, Sent
from services.ingest.vault.cipher import UnopenableError
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import VoxpopError

POLL_SECONDS: Final = 2.0
CLAIM_SECONDS: Final = 3 * CALL_SECONDS
"""After this a claim without an outcome counts as lost; longer than any call lasts."""
SETTLE_WAITS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_BATCH: Final = 20
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sender:
    """One replica's sending; any number may run, since whoever swaps a reply to `sending` alone calls the platform.

    The argument: a platform is called only by who stored the state `sending` with a new attempt number, once,
    and `sending` is left by an outcome, or by time to `unknown`; neither leads to another call by itself. So each
    approval leads to one call at the most, whoever crashes and whenever (a platform that says that it took
    nothing, `NotSent`, may be asked again). What cannot be helped: a process that stands still between storing and
    calling for longer than its claim lasts, while a person approves the unknown reply again; it looks at its clock
    right before the call, so the standstill must fall exactly there.
    """

    store: ReplyStore
    letters: Letters
    writers: Mapping[Platform, ReplyWriter]
    pseudonymizer: Pseudonymizer
    clock: Clock
    quiet: QuietHours
    daily_cap: int
    author_pause: timedelta
    owner: str

    async def run(self) -> None:
        """Send what is due, every 2 s, until cancelled; a call that is on is waited for, 20 s at the most."""
        while True:
            try:
                await self.turn()
            except VoxpopError as error:
                log.warning("replies.sending_paused", error=type(error).__name__)
            await self.clock.sleep(POLL_SECONDS)

    async def turn(self) -> None:
        """Put lost claims before a person, close what expired, send what is due. Raises as the store does."""
        now = self.clock.now()
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
            letter = await self.letters.read(reply.letter)
        except UnopenableError as error:
            await self._change(reply, postpone(reply, now, now + timedelta(hours=1), error.detail))
            return
        if letter is None:
            await self._close(reply, refuse(reply, now, "what is needed to send it is not kept any more"))
        elif await self._may_go(reply):
            await self._publish(reply, writer, letter)

    async def _may_go(self, reply: Reply) -> bool:
        """Take a place in the day and hold the author for the attempt to come; else say why not in the reply."""
        now, claimed = self.clock.now(), Claim(reply.id, reply.attempt + 1)
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

    async def _publish(self, reply: Reply, writer: ReplyWriter, letter: Letter) -> None:
        now, began = self.clock.now(), self.clock.monotonic()
        claimed = claim(reply, now, self.owner, now + timedelta(seconds=CLAIM_SECONDS))
        if claimed is None or not await self.store.swap(reply, claimed):
            await self._give_back(reply)
            return
        if self.clock.monotonic() - began > CALL_SECONDS:
            # Stood still while storing: the rest of the claim may be too short for a call. It was not called, but by
            # now others may think that it was; a person looks.
            return
        outcome, cancelled = await call(writer, letter.post_id, letter.text)
        sent_key = (
            reply_key(self.pseudonymizer, reply.platform, outcome.reply_id) if isinstance(outcome, Sent) else None
        )
        await self._settle(claimed, outcome, sent_key)
        log.info("replies.attempted", reply=reply.id, attempt=claimed.attempt, outcome=type(outcome).__name__)
        if cancelled:
            raise asyncio.CancelledError

    async def _settle(self, claimed: Reply, outcome: Outcome, sent_key: str | None) -> None:
        """Record an outcome, again and again for a while where the store is away; without it the claim runs out."""
        for wait in (*SETTLE_WAITS, None):
            try:
                while True:
                    reply = await self.store.find(claimed.id)
                    settled = settle(reply, claimed.attempt, outcome, self.clock.now(), sent_key)
                    if settled is None:
                        return
                    if await self.store.swap(reply, settled):
                        await release(self.store, settled, self.quiet.day(self.clock.now()))
                        return
            except VoxpopError as error:
                log.warning("replies.outcome_not_kept", reply=claimed.id, error=type(error).__name__)
                if wait is not None:
                    await self.clock.sleep(wait)

    async def _give_back(self, reply: Reply) -> None:
        """Let go of what was taken for an attempt that another change of the reply made impossible."""
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
                await self.letters.forget(before.letter)
