"""Drafts: the ticket, the words, the raw id into the vault, and last the reply itself."""

from dataclasses import dataclass
from datetime import timedelta

from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import ReplyCandidate, traits
from services.ingest.replies.content import ReplyContent, ReplyContents
from services.ingest.replies.length import fault_of
from services.ingest.replies.reply import Reply, ReplyState
from services.ingest.replies.reply_rule import ReplyRule
from services.ingest.replies.store import ReplyStore
from services.ingest.replies.template import Facts, TemplateFaultError, render
from services.ingest.replies.ticket import Ticket, ticket_id, ticket_key
from services.ingest.replies.ticket_register import TicketRegister
from shared.clock import Clock


@dataclass(frozen=True)
class Drafter:
    """Drafts replies. `dry_run` makes every one a dry run: shown, never sent, its ticket not opened."""

    store: ReplyStore
    contents: ReplyContents
    tickets: TicketRegister
    pseudonymizer: Pseudonymizer
    clock: Clock
    lasting: timedelta
    dry_run: bool

    async def draft(self, brand_name: str, candidate: ReplyCandidate, rule: ReplyRule, category: str | None) -> bool:
        """Keep a draft for a candidate; False where its post has a reply already.

        The reply is kept last: an earlier crash leaves a content that expires, and a ticket that is opened again.
        """
        now, seen, dry = self.clock.now(), candidate.seen, self.dry_run or rule.dry_run
        look = traits(seen)
        ticket = Ticket(
            id=ticket_id(self.pseudonymizer, rule.brand, seen.post.platform, seen.post.post_id),
            brand=rule.brand,
            platform=seen.post.platform,
            rule=rule.name,
            score=look.score,
            category=category,
            language=look.language,
            created_at=now,
        )
        text, fault = _words(brand_name, candidate, rule, ticket)
        if rule.ticket and not dry:
            key = ticket_key(self.pseudonymizer, rule.brand, seen.post.platform, seen.post.post_id)
            await self.tickets.open(key, ticket, seen.text, candidate.author)
        content = ReplyContent(
            post_id=seen.post.post_id, post_text=seen.text, text=text, ticket=ticket.id if rule.ticket else ""
        )
        row = await self.contents.keep(content, candidate.author, self.lasting)
        reply = Reply(
            id=candidate.reply,
            brand=rule.brand,
            platform=seen.post.platform,
            author=candidate.author,
            rule=rule.name,
            content=row,
            state=_first_state(rule, dry=dry, fault=fault),
            automatic=rule.approval == "automatic",
            score=ticket.score,
            category=category,
            language=ticket.language,
            created_at=now,
            updated_at=now,
            expires_at=now + self.lasting,
            due_at=now,
            known=f"not sent: {fault}" if fault else "",
        )
        added = await self.store.add(reply)
        if not added:
            await self.contents.forget(row)
        return added


def _words(brand_name: str, candidate: ReplyCandidate, rule: ReplyRule, ticket: Ticket) -> tuple[str, str]:
    """Return the reply's text, and why it will not do or ""."""
    sentiment = candidate.seen.analysis.sentiment
    label = sentiment.label if sentiment is not None and ticket.score is not None else ""
    facts = Facts(ticket.id, brand_name, ticket.category or "", label, ticket.language or "")
    try:
        text = render(rule.template, facts)
    except TemplateFaultError as fault:
        return "", str(fault)
    return text, fault_of(ticket.platform, text) or ""


def _first_state(rule: ReplyRule, *, dry: bool, fault: str) -> ReplyState:
    if dry:
        return "dry_run"
    if fault:
        return "refused"
    return "approved" if rule.approval == "automatic" else "draft"
