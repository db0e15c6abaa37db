"""What the ingest service opens when it starts, and the figures it keeps of its work."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import httpx
from prometheus_client import CollectorRegistry, Counter

from services.ingest.brands.own_accounts import OwnAccountsCache
from services.ingest.compliance import RecentPosts, compliance_round
from services.ingest.erasures.eraser import AuthorData, Eraser, ErasureRequests
from services.ingest.identity import Pseudonymizer
from services.ingest.observer import Observer, ObserverChain, RecentPostRecorder
from services.ingest.pipeline import PostPipeline, Receipt
from services.ingest.removal import RemovalSender
from services.ingest.replies.composition import Replies, build_replies
from services.ingest.settings import IngestSettings
from services.ingest.source_registry import SourceRegistry
from services.ingest.sources.feed.parser import FeedParser
from services.ingest.sources.x.compliance import XCompliance
from services.ingest.store import IngestStore, open_store
from services.ingest.streams.progress import StreamMetrics
from services.ingest.streams.runtime import Deliver, StreamRuntime
from services.ingest.streams.stream_control import StreamControl
from services.ingest.streams.stream_status import StreamStatuses
from services.ingest.streams.supervisor import Supervisor
from services.ingest.vault.vault import Vault, keep_swept
from services.ingest.writers import open_writers
from shared import background
from shared.clock import Clock
from shared.peers import Transports, peer_http
from shared.profiles_peer import ProfilesPeer
from shared.rounds import Round, keep_round
from shared.sentiment_peer import SentimentPeer
from shared.web.health import Check

ROUND_EVERY: Final = timedelta(hours=20)
"""So that, with the hour that X may take and an attempt that fails, deletions are known within a day."""
ROUND_AGAIN: Final = timedelta(hours=1)
ROUND_LASTING: Final = timedelta(hours=3)


class IngestMetrics:
    """Posts by what became of them, and seconds by stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._posts = Counter("voxpop_ingest_posts_total", "Posts taken in", ("outcome",), registry=registry)
        self._seconds = Counter("voxpop_ingest_stage_seconds_total", "Seconds by stage", ("stage",), registry=registry)

    def count(self, receipt: Receipt) -> None:
        """Count one batch."""
        self._posts.labels("accepted").inc(receipt.accepted)
        self._posts.labels("duplicate").inc(receipt.duplicates)
        self._posts.labels("rejected").inc(len(receipt.rejected))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds spent inside to `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.labels(stage).inc(time.perf_counter() - started)


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, read by the routes."""

    pipeline: PostPipeline
    metrics: IngestMetrics
    store: IngestStore
    clock: Clock
    stream_control: StreamControl
    stream_statuses: StreamStatuses
    replies: Replies
    erasures: ErasureRequests

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return {
            "sentiment": self.pipeline.sentiment.check_ready,
            "profiles": self.pipeline.profiles.check_ready,
            "store": self.store.documents.check_ready,
        }


@asynccontextmanager
async def open_resources(
    settings: IngestSettings, transports: Transports | None, registry: CollectorRegistry, clock: Clock
) -> AsyncIterator[Resources]:
    """Open the store and what works on it, run streams and replies; at the end close sources and give streams free.

    Raises SettingsError where the settings forbid a start, PeerUnavailableError where a MongoDB server does not answer.
    """
    metrics = IngestMetrics(registry)
    pseudonymizer = Pseudonymizer(settings.require_pseudonym_key(), settings.pseudonym_key_version)
    cipher = settings.vault_cipher()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(peer_http(transports))
        store = await stack.enter_async_context(open_store(settings.parsed_store()))
        writers = await stack.enter_async_context(open_writers(settings, clock))
        feeds = await stack.enter_async_context(FeedParser())
        outside = await stack.enter_async_context(httpx.AsyncClient(timeout=10.0, trust_env=False))
        sentiment = SentimentPeer.named("sentiment", settings, http)
        profiles = ProfilesPeer.named("profiles", settings, http)
        vault = Vault(cipher, store.vault, clock)
        replies = build_replies(
            settings,
            store.replies,
            vault,
            store.brands,
            sentiment,
            pseudonymizer,
            writers,
            outside,
            clock,
            settings.x_own_accounts(),
        )
        recent = RecentPosts(vault, pseudonymizer)
        observer = _observer(settings, replies, recent)
        pipeline = _pipeline(settings, pseudonymizer, sentiment, profiles, observer, store, metrics, clock)
        removals = RemovalSender(pseudonymizer, profiles, clock, replies.withdrawal.withdraw)
        author_data = AuthorData(store.replies, vault, clock)
        eraser = Eraser(store.erasures, author_data, profiles, store.documents.scrub, clock)
        sources = SourceRegistry(settings, store.spend, clock, feeds)
        runtime = StreamRuntime(
            streams=store.streams,
            brands=store.brands,
            sources=sources,
            deliver=_counted(pipeline, metrics),
            remove=removals.remove,
            cipher=cipher,
            clock=clock,
            metrics=StreamMetrics(registry),
        )
        supervisor = Supervisor(runtime, settings.most_streams)
        work: dict[str, Callable[[], Awaitable[None]]] = {
            "replies": replies.run,
            "erasures": eraser.run,
            "vault-sweep": partial(keep_swept, vault, clock),
        }
        if settings.x_bearer_token is not None and not settings.x_sandbox:
            compliance = XCompliance(outside, settings.x_bearer_token, clock)
            daily = _compliance_round(partial(compliance_round, recent, compliance, removals))
            work["compliance"] = partial(keep_round, daily, store.rounds, supervisor.owner, clock)
        await stack.enter_async_context(background.running(work, clock))
        await stack.enter_async_context(supervisor.running())
        yield Resources(
            pipeline=pipeline,
            metrics=metrics,
            store=store,
            clock=clock,
            stream_control=StreamControl(store.streams, store.brands, sources, supervisor, clock),
            stream_statuses=StreamStatuses(store.spend, sources, clock),
            replies=replies,
            erasures=ErasureRequests(store.erasures, pseudonymizer, clock),
        )


def _pipeline(
    settings: IngestSettings,
    pseudonymizer: Pseudonymizer,
    sentiment: SentimentPeer,
    profiles: ProfilesPeer,
    observer: Observer,
    store: IngestStore,
    metrics: IngestMetrics,
    clock: Clock,
) -> PostPipeline:
    return PostPipeline(
        pseudonymizer=pseudonymizer,
        sentiment=sentiment,
        profiles=profiles,
        now=clock.now,
        timed=metrics.timed,
        analyze_batch=settings.analyze_batch,
        max_posts_in_flight=settings.max_posts_in_flight,
        observer=observer,
        erased=store.erasures.erased,
        own_accounts=OwnAccountsCache(store.brands).of,
    )


def _compliance_round(work: Callable[[], Awaitable[object]]) -> Round:
    return Round("x-compliance", work, every=ROUND_EVERY, again=ROUND_AGAIN, lasting=ROUND_LASTING)


def _observer(settings: IngestSettings, replies: Replies, recent: RecentPosts) -> Observer:
    observers: list[Observer] = []
    if settings.x_bearer_token is not None:
        observers.append(RecentPostRecorder(recent))
    observers.append(replies.selector)
    return ObserverChain(*observers)


def _counted(pipeline: PostPipeline, metrics: IngestMetrics) -> Deliver:
    async def deliver(brand: str, posts: Sequence[Any]) -> Receipt:
        receipt = await pipeline.deliver(brand, posts)
        metrics.count(receipt)
        return receipt

    return deliver
