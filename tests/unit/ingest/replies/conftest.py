"""Replies on a store of their own, with a virtual clock, a local platform and a stand-in for sentiment."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import SecretStr

from services.ingest.brands.store import BRANDS, BrandStore
from services.ingest.identity import Pseudonymizer
from services.ingest.observer import ObservedPost
from services.ingest.post import Post, parse_post
from services.ingest.replies.composition import Replies, build_replies
from services.ingest.replies.reply import Reply, ReplyState
from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.store import REPLY_COLLECTIONS, ReplyStore
from services.ingest.vault.cipher import Cipher
from services.ingest.vault.store import VAULT, VaultStore
from services.ingest.vault.vault import Vault
from shared.analysis import Analysis, Language, Sentiment
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.sentiment_peer import SentimentPeer
from shared.store_url import SqliteUrl
from shared.text import clean
from tests.unit.ingest.posts import a_post
from tests.unit.ingest.replies.local_server import LocalServer, LocalWriter
from tests.unit.ingest.replies.replies import a_rule
from tests.unit.ingest.virtual_clock import START, VirtualClock

KEY = "0123456789abcdef-a-key-of-tests-0123456789"


@dataclass
class World:
    """Everything around replies, and short ways to what tests do."""

    folder: Path
    store: ReplyStore
    brands: BrandStore
    vault: Vault
    clock: VirtualClock
    platform: LocalServer
    zendesk: LocalServer
    http: httpx.AsyncClient
    documents: Documents
    categories: dict[str, str] = field(default_factory=dict)
    category_status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def replies(self, **changes: Any) -> Replies:
        """Return replies as a replica builds them; `changes` replace settings."""
        settings = ReplySettings(_env_file=None, **({"replies_enabled": True} | self.settings | changes))
        writer = LocalWriter(self.platform, self.http)
        sentiment = SentimentPeer("sentiment", "http://sentiment", httpx.AsyncClient(transport=self.sentiment()))
        return build_replies(
            settings,
            self.store,
            self.vault,
            self.brands,
            sentiment,
            Pseudonymizer(KEY.encode()),
            {"x": writer},
            self.http,
            self.clock,
        )

    def sentiment(self) -> httpx.ASGITransport:
        """Return a sentiment service that knows the category of a text that holds one of some words."""
        app = FastAPI()

        @app.post("/v1/analyze")
        async def analyze(body: dict[str, Any], response: Response) -> dict[str, Any]:
            self.asked.append(body)
            response.status_code = self.category_status
            labels = [
                next((self.categories[word] for word in self.categories if word in text), None)
                for text in body["texts"]
            ]
            results = [{"category": label and {"label": label, "score": 1, "probabilities": {}}} for label in labels]
            return {"model": "stand-in", "results": results}

        return httpx.ASGITransport(app)

    async def observe(self, replies: Replies, *posts: ObservedPost, brand: str = "aerolume") -> None:
        """Have posts looked at."""
        await replies.selector.observe(brand, posts)

    async def drafted(self, *posts: ObservedPost, **rule: Any) -> Replies:
        """Return replies that a rule has answered posts by (one complaint where none is given)."""
        await self.store.put_rule(a_rule(**rule))
        replies = self.replies()
        await self.observe(replies, *posts or (seen(),))
        return replies

    async def the_one(self) -> Reply:
        """Return the only reply there is."""
        (reply,) = await self.listed()
        return reply

    async def listed(self, state: ReplyState | None = None) -> list[Reply]:
        """Return the replies there are."""
        return await self.store.page(state, None, None, 1000)

    async def turn(self, replies: Replies) -> None:
        """Let the sender do one turn."""
        assert replies.sender is not None
        await replies.sender.turn()

    def written(self) -> bytes:
        """Return every byte of the store's files."""
        return b"".join(file.read_bytes() for file in self.folder.iterdir() if file.is_file())


Seen = Callable[..., ObservedPost]


def seen(number: int = 1, score: float = 0.1, *, author_id: str | None = None, **changes: Any) -> ObservedPost:
    """Return a complaint of an author of its own; `changes` replace the post's fields."""
    fields = {"text": "@aerolume you lost my bag", "created_at": START.isoformat()} | changes
    post = parse_post(a_post(number, author_id or f"author-{number}", **fields), START + timedelta(days=1000))
    assert isinstance(post, Post)
    label: Any = "negative" if score < 0.5 else "positive"
    sentiment = Sentiment(label=label, score=score, probabilities={})
    analysis = Analysis(sentiment=sentiment, language=Language(code="en", confidence=1))
    return ObservedPost(post, clean(post.text), analysis)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Yield an empty world."""
    folder = tmp_path / "store"
    clock = VirtualClock()
    platform, zendesk = LocalServer("https://platform.test/take"), LocalServer("https://zendesk.test/take")
    async with (
        open_documents(SqliteUrl(folder / "ingest.db"), (BRANDS, VAULT, *REPLY_COLLECTIONS)) as documents,
        httpx.AsyncClient(transport=platform, mounts={"https://zendesk.test": zendesk}) as http,
    ):
        vault = Vault(Cipher(KEY.encode()), VaultStore(documents), clock)
        store, brands = ReplyStore(documents), BrandStore(documents)
        yield World(folder, store, brands, vault, clock, platform, zendesk, http, documents)


@pytest.fixture
def with_zendesk(world: World) -> World:
    """Return the world with a Zendesk that takes tickets."""
    world.settings = {
        "zendesk_url": world.zendesk.url,
        "zendesk_authorization": SecretStr("Basic secret-of-zendesk"),
        "webhook_key": SecretStr(KEY),
    }
    return world
