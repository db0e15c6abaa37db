"""The approval queue: a person approves or rejects drafts there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.ingest.replies.claims import SendClaim
from services.ingest.replies.content import ReplyContents
from services.ingest.replies.length import fault_of
from services.ingest.replies.reply import NOT_SENT, Reply, approve, reject
from services.ingest.replies.store import ReplyStore
from shared.clock import Clock
from shared.errors import ConflictError, InputError, OverloadedError

_SWAPS: Final = 8


@dataclass(frozen=True)
class ApprovalQueue:
    """What a person does with replies; `enabled` False refuses approvals."""

    store: ReplyStore
    contents: ReplyContents
    clock: Clock
    enabled: bool
    day: Callable[[], str]

    async def approve(self, reply_id: str, text: str | None = None, *, although_unknown: bool = False) -> Reply:
        """Approve a reply for sending, with other words where `text` is given.

        Raises NotFoundError, ConflictError where the reply cannot be approved (any more), InputError where the words
        do not suit the platform.
        """
        if not self.enabled:
            raise ConflictError(
                "replies are off or a dry run: set REPLIES_ENABLED=true and REPLIES_DRY_RUN=false, then approve again"
            )
        reply = await self.store.find(reply_id)
        now = self.clock.now()
        approve(reply, now, reply.content, although_unknown=although_unknown)
        content = await self.contents.find(reply.content)
        if content is None:
            raise ConflictError("what is needed to send this reply is not kept any more")
        if text is None and (fault := fault_of(reply.platform, content.text)) is not None:
            raise ConflictError(f"{fault}; approve it with a shorter text")
        row = reply.content
        if text is not None:
            if (fault := fault_of(reply.platform, text)) is not None:
                raise InputError(fault, ("body", "text"))
            changed = content.model_copy(update={"text": text})
            row = await self.contents.keep(changed, reply.author, reply.expires_at - now)
        approved = approve(reply, now, row, although_unknown=although_unknown)
        is_kept = await self.store.swap(reply, approved)
        if row != reply.content:
            await self.contents.forget(reply.content if is_kept else row)
        if not is_kept:
            raise ConflictError("this reply was changed at the same moment; look at it again")
        return approved

    async def reject(self, reply_id: str, reason: str = "") -> Reply:
        """Close a reply finally: it cannot be approved again, and its post gets no other.

        Raises NotFoundError, ConflictError where the reply is being sent or was closed before.
        """
        for _ in range(_SWAPS):
            reply = await self.store.find(reply_id)
            rejected = reject(reply, self.clock.now(), reason)
            if await self.store.swap(reply, rejected):
                await release(self.store, rejected, self.day())
                await self.contents.forget(reply.content)
                return rejected
        raise OverloadedError("this reply changes all the time; try again")


async def release(store: ReplyStore, reply: Reply, day: str) -> None:
    """Release the claims of a reply's last attempt, where it is certain that no attempt published anything."""
    if reply.state in NOT_SENT and not reply.doubtful:
        claim = SendClaim(reply.id, reply.attempt)
        await store.release_author(reply.author, claim)
        await store.release_day(day, claim)
