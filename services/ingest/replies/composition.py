"""Replies and tickets put together out of settings and stores."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.ingest.brands.store import BrandStore
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.approval import ApprovalQueue
from services.ingest.replies.caches import BrandCache, RuleCache
from services.ingest.replies.content import ReplyContents
from services.ingest.replies.drafter import Drafter
from services.ingest.replies.reply_sender import ReplySender
from services.ingest.replies.selector import Selector
from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.store import ReplyStore
from services.ingest.replies.ticket_register import TicketRegister
from services.ingest.replies.ticket_system import endpoints
from services.ingest.replies.withdrawal import ReplyWithdrawal
from services.ingest.sources.reply_writer import ReplyWriter
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.sentiment_peer import SentimentPeer
from shared.webhooks.sender import WebhookSender


@dataclass(frozen=True)
class Replies:
    """What the service has of replies. Where they are off, `selector` drafts nothing and `run` does nothing."""

    store: ReplyStore
    rules: RuleCache
    approvals: ApprovalQueue
    withdrawal: ReplyWithdrawal
    tickets: TicketRegister
    selector: Selector
    sender: ReplySender | None
    ticket_sender: WebhookSender | None

    async def run(self) -> None:
        """Send replies and deliver tickets until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self.sender is not None:
                tasks.create_task(self.sender.run(), name="reply-sender")
            if self.ticket_sender is not None:
                tasks.create_task(self.ticket_sender.run(), name="ticket-sender")


def build_replies(
    settings: ReplySettings,
    store: ReplyStore,
    vault: Vault,
    brands: BrandStore,
    sentiment: SentimentPeer,
    pseudonymizer: Pseudonymizer,
    writers: Mapping[Platform, ReplyWriter],
    http: httpx.AsyncClient,
    clock: Clock,
    own_accounts: frozenset[tuple[Platform, str]] = frozenset(),
) -> Replies:
    """Put replies together; `http` reaches ticket systems, `own_accounts` are those that `writers` send from.

    Raises SettingsError where a setting is not valid.
    """
    quiet, systems, secret = settings.quiet_hours(), endpoints(settings), settings.webhook_secret()
    contents, rules = ReplyContents(vault), RuleCache(store, clock)
    enabled, dry_run = settings.replies_enabled, settings.replies_dry_run
    approvals = ApprovalQueue(store, contents, clock, enabled and not dry_run, lambda: quiet.day(clock.now()))
    withdrawal = ReplyWithdrawal(store, contents, vault, pseudonymizer, clock)
    tickets = TicketRegister(store, vault, vault.cipher, clock, systems, settings.tickets_most_waiting)
    lasting = timedelta(days=settings.replies_keep_days)
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    selector = Selector(
        store=store,
        rules=rules,
        brands=BrandCache(brands, clock),
        sentiment=sentiment,
        drafter=Drafter(store, contents, tickets, pseudonymizer, clock, lasting, dry_run),
        contents=contents,
        withdrawal=withdrawal,
        opt_out_words=settings.opt_out_words(),
        pseudonymizer=pseudonymizer,
        clock=clock,
        author_pause=settings.author_pause(),
        oldest=timedelta(hours=settings.replies_post_hours),
        own_accounts=own_accounts,
        drafts=enabled,
    )
    sender: ReplySender | None = None
    ticket_sender: WebhookSender | None = None
    if enabled and not dry_run:
        sender = ReplySender(
            store=store,
            contents=contents,
            writers=writers,
            pseudonymizer=pseudonymizer,
            clock=clock,
            quiet=quiet,
            daily_cap=settings.replies_daily_cap,
            author_pause=settings.author_pause(),
            owner=owner,
        )
    if enabled and secret is not None and systems:
        ticket_sender = WebhookSender("tickets", store.outbox, tickets.request_of, http, secret, clock, owner)
    return Replies(store, rules, approvals, withdrawal, tickets, selector, sender, ticket_sender)
