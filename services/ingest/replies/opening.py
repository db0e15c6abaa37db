"""Replies and tickets put together out of settings and stores."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.ingest.brands.stores.base import BrandStore
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.brand_view import BrandViews
from services.ingest.replies.categorising import Categorizer
from services.ingest.replies.desk import Desk
from services.ingest.replies.drafting import Drafting
from services.ingest.replies.letter import Letters
from services.ingest.replies.rulebook import RuleBook
from services.ingest.replies.selecting import Selector
from services.ingest.replies.sending import Sender
from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Delivery
from services.ingest.replies.ticketing import Ticketing
from services.ingest.replies.webhooks.address import addresses
from services.ingest.replies.webhooks.carrying import TicketDeliveries
from services.ingest.replies.withdrawing import Withdrawing
from services.ingest.sources.reply_writer import ReplyWriter
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.peers import Peer
from shared.webhooks.courier import Courier


@dataclass(frozen=True)
class Replies:
    """What the service has of replies. Where they are off, `selector` drafts nothing and `run` does nothing."""

    store: ReplyStore
    rules: RuleBook
    desk: Desk
    withdrawing: Withdrawing
    ticketing: Ticketing
    selector: Selector
    sender: Sender | None
    courier: Courier[Delivery] | None

    async def run(self) -> None:
        """Send replies and deliver tickets until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self.sender is not None:
                tasks.create_task(self.sender.run(), name="reply-sender")
            if self.courier is not None:
                tasks.create_task(self.courier.run(), name="ticket-courier")


def build_replies(
    settings: ReplySettings,
    store: ReplyStore,
    vault: Vault,
    brands: BrandStore,
    sentiment: Peer,
    pseudonymizer: Pseudonymizer,
    writers: Mapping[Platform, ReplyWriter],
    http: httpx.AsyncClient,
    clock: Clock,
    own_accounts: frozenset[tuple[Platform, str]] = frozenset(),
) -> Replies:
    """Put replies together; `http` reaches the desks, `own_accounts` are those that `writers` send from.

    Raises SettingsError where a setting will not do.
    """
    quiet, desks, secret = settings.quiet_hours(), addresses(settings), settings.webhook_secret()
    letters, rules = Letters(vault), RuleBook(store, clock)
    enabled = settings.replies_enabled
    desk = Desk(store, letters, clock, enabled and not settings.replies_dry_run, lambda: quiet.day(clock.now()))
    withdrawing = Withdrawing(store, letters, vault, pseudonymizer, clock)
    ticketing = Ticketing(store, vault, vault.cipher, clock, sorted(desks), settings.tickets_most_waiting)
    lasting = timedelta(days=settings.replies_keep_days)
    selector = Selector(
        store=store,
        rules=rules,
        brands=BrandViews(brands, clock),
        categorizer=Categorizer(sentiment),
        drafting=Drafting(store, letters, ticketing, pseudonymizer, clock, lasting, settings.replies_dry_run),
        letters=letters,
        withdrawing=withdrawing,
        opt_out_words=settings.opt_out_words(),
        pseudonymizer=pseudonymizer,
        clock=clock,
        author_pause=settings.author_pause(),
        oldest=timedelta(hours=settings.replies_post_hours),
        own_accounts=own_accounts,
        drafts=enabled,
    )
    if not enabled:
        return Replies(store, rules, desk, withdrawing, ticketing, selector, None, None)
    sender = Sender(
        store=store,
        letters=letters,
        writers=writers,
        pseudonymizer=pseudonymizer,
        clock=clock,
        quiet=quiet,
        daily_cap=settings.replies_daily_cap,
        author_pause=settings.author_pause(),
        owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
    )
    deliveries = TicketDeliveries(store, ticketing, desks)
    courier = Courier("tickets", deliveries, http, secret, clock) if secret is not None and desks else None
    return Replies(
        store, rules, desk, withdrawing, ticketing, selector, None if settings.replies_dry_run else sender, courier
    )
