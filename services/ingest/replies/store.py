"""Rules, replies, tickets, and the claims that keep replies few; shared by all replicas."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.ingest.replies.claims import AUTHOR_CLAIMS, DAYS, GONE, OPT_OUTS, ReplyClaims, forget_claims
from services.ingest.replies.reply import LONGEST_DUE, WAITING, Reply, ReplyState
from services.ingest.replies.reply_rule import MAX_RULES, ReplyRule
from services.ingest.replies.ticket_store import TICKET_OUTBOX, TICKETS, TicketStore, TimePosition
from shared.clock import SKEW, milliseconds
from shared.documents.base import MOST_DOCUMENTS, Documents, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document, readable
from shared.errors import NotFoundError

RULES: Final = Collection("reply_rules")
REPLIES: Final = Collection(
    "replies",
    {
        "state": str,
        "brand": str,
        "author": str,
        "created_ms": int,
        "sent_key": str,
        "due_ms": int,
        "sending_ms": int,
        "expires_ms": int,
    },
    (
        Index(("created_ms",)),
        Index(("state", "created_ms")),
        Index(("brand", "created_ms")),
        Index(("state", "brand", "created_ms")),
        Index(("author", "created_ms")),
        Index(("sent_key",)),
        Index(("due_ms",)),
        Index(("sending_ms",)),
        Index(("expires_ms",)),
    ),
)
"""Only approved replies have `due_ms`, only those that are being sent `sending_ms`, only waiting ones `expires_ms`."""
REPLY_COLLECTIONS: Final = (RULES, REPLIES, AUTHOR_CLAIMS, DAYS, OPT_OUTS, GONE, TICKETS, TICKET_OUTBOX)


class ReplyStore(ReplyClaims, TicketStore):
    """`REPLY_COLLECTIONS` in an open database.

    Every operation is atomic by itself, between processes too, and needs no other: the promises hold with operations
    of several replicas in any order and with any of them dying between two. Moments are kept to the millisecond.
    Operations raise as those of documents do; after an error the operation has happened or not, and a caller that
    repeats it must be ready for both.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database."""
        ReplyClaims.__init__(self, documents)
        TicketStore.__init__(self, documents)

    async def put_rule(self, rule: ReplyRule) -> None:
        """Keep a rule in place of what its name had."""
        await self._documents.put_all(RULES, [Document(rule.name, rule.model_dump_json())])

    async def delete_rule(self, name: str) -> bool:
        """Remove a rule; tell whether it was there."""
        return await self._documents.delete(RULES, name)

    async def rules(self) -> list[ReplyRule]:
        """Return every rule by name; there are 200 at most, which the caller keeps to."""
        return await find_readable(self._documents, RULES, Query(), 2 * MAX_RULES, _rule)

    async def add(self, reply: Reply) -> bool:
        """Keep a reply, unless one with its id was ever there; tell which."""
        return await self._documents.insert(REPLIES, reply_document(reply))

    async def find(self, reply_id: str) -> Reply:
        """Return a reply; raises NotFoundError."""
        document = await self._documents.get(REPLIES, reply_id)
        if document is None:
            raise NotFoundError(f"there is no reply '{reply_id}'; GET /v1/replies lists those there are")
        return read_document(REPLIES, document, _reply)

    async def find_all(self, reply_ids: Sequence[str]) -> list[Reply]:
        """Return those of the replies (1,000 at most) that there are, in no order."""
        return readable(REPLIES, await self._documents.get_all(REPLIES, reply_ids), _reply)

    async def known(self, reply_ids: Sequence[str]) -> set[str]:
        """Return those ids (1,000 at most) that have a reply, in whatever state."""
        return {document.key for document in await self._documents.get_all(REPLIES, reply_ids, bodies=False)}

    async def swap(self, before: Reply, after: Reply) -> bool:
        """Put `after` in place of `before` where the reply is still at the version of `before`; tell whether it was.

        Of several swaps from one version one succeeds. Every change of a reply is made by this step.
        """
        document = replace(reply_document(after), version=before.version)
        return await self._documents.replace(REPLIES, document) is not None

    async def page(
        self, state: ReplyState | None, brand: str | None, after: TimePosition | None, limit: int
    ) -> list[Reply]:
        """Return replies in order of creation, those of a state or brand where one is given."""
        wanted = {name: value for name, value in (("state", state), ("brand", brand)) if value is not None}
        return await self._found(Query((*wanted, "created_ms"), tuple(wanted.values()), after=after), limit)

    async def due(self, now: datetime, limit: int) -> list[Reply]:
        """Return approved replies that are due, those due longest first."""
        return await self._found(Query(("due_ms",), high=milliseconds(now)), limit)

    async def overdue(self, now: datetime, limit: int) -> list[Reply]:
        """Return replies whose claim ran out while sending."""
        return await self._found(Query(("sending_ms",), high=milliseconds(now)), limit)

    async def stale(self, now: datetime, limit: int) -> list[Reply]:
        """Return drafts and approved replies whose time is over."""
        return await self._found(Query(("expires_ms",), high=milliseconds(now)), limit)

    async def ahead(self, now: datetime, claim_lasts: timedelta, kept: timedelta, limit: int) -> list[Reply]:
        """Return replies of which a moment lies further ahead than any may, where they are kept for `kept` at most."""
        most = {"due_ms": LONGEST_DUE, "sending_ms": claim_lasts, "expires_ms": kept}
        found: dict[str, Reply] = {}
        for name, longest in most.items():
            query = Query((name,), low=milliseconds(now + longest + SKEW) + 1)
            found |= {reply.id: reply for reply in await self._found(query, limit)}
        return list(found.values())

    async def of_authors(self, authors: Sequence[str], since: datetime) -> list[Reply]:
        """Return the replies to these authors (1,000 at most) that were made since a moment."""
        return await _of_authors(self._documents, authors, since)

    async def forget_author(self, author: str, now: datetime) -> list[Reply]:
        """Remove an author's replies with their claims, and return what was removed.

        One that is being sent, by a claim that has not run out by `now`, stays with what it claims. Days keep their
        counts without telling of what. That an author wants no replies is still known. A reply that cannot be read is
        removed too.
        """

        async def forgetting(operations: Operations) -> list[Reply]:
            documents = await _documents_of(operations, [author])
            found = readable(REPLIES, documents, _reply)
            spoiled = {document.key for document in documents} - {reply.id for reply in found}
            kept = [reply for reply in found if reply.state == "sending" and not _is_over(reply, now)]
            removed = [reply for reply in found if reply not in kept]
            gone = [*(reply.id for reply in removed), *sorted(spoiled)]
            for start in range(0, len(gone), MOST_DOCUMENTS):
                await operations.delete_all(REPLIES, gone[start : start + MOST_DOCUMENTS])
            await forget_claims(operations, author, [reply.id for reply in removed], [reply.id for reply in kept])
            return removed

        return await self._documents.transaction(forgetting)

    async def published(self, sent_keys: Sequence[str]) -> set[str]:
        """Return those keys (1,000 at most) that are of posts which we published as replies."""
        query = Query(("sent_key",), (tuple(sent_keys),), bodies=False)
        found = await self._documents.find(REPLIES, query, MOST_DOCUMENTS)
        return {str(document.fields["sent_key"]) for document in found}

    async def _found(self, query: Query, limit: int) -> list[Reply]:
        return await find_readable(self._documents, REPLIES, query, limit, _reply)


async def _of_authors(operations: Operations, authors: Sequence[str], since: datetime) -> list[Reply]:
    return readable(REPLIES, await _documents_of(operations, authors, since), _reply)


async def _documents_of(
    operations: Operations, authors: Sequence[str], since: datetime | None = None
) -> list[Document]:
    low = milliseconds(since) if since is not None else None
    query = Query(("author", "created_ms"), (tuple(authors),), low=low)
    documents: list[Document] = []
    while found := await operations.find(REPLIES, query, MOST_DOCUMENTS):
        documents += found
        if len(found) < MOST_DOCUMENTS:
            break
        query = query.behind(found[-1])
    return documents


def reply_document(reply: Reply) -> Document:
    """Return a reply as it is kept: its version is the document's."""
    fields: dict[str, Value] = {
        "state": reply.state,
        "brand": reply.brand,
        "author": reply.author,
        "created_ms": milliseconds(reply.created_at),
        "sent_key": reply.sent_key,
        "due_ms": milliseconds(reply.due_at) if reply.state == "approved" else None,
        "expires_ms": milliseconds(reply.expires_at) if reply.state in WAITING else None,
    }
    if reply.state == "sending" and reply.sending_until is not None:
        fields["sending_ms"] = milliseconds(reply.sending_until)
    return Document(reply.id, reply.model_dump_json(), fields, reply.version)


def _rule(document: Document) -> ReplyRule:
    return ReplyRule.model_validate_json(document.body)


def _reply(document: Document) -> Reply:
    return Reply.model_validate_json(document.body).model_copy(update={"version": document.version})


def _is_over(reply: Reply, now: datetime) -> bool:
    return reply.sending_until is not None and milliseconds(reply.sending_until) <= milliseconds(now)
