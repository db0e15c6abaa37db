"""The store of ingest, and a stand-in for profiles that erases as it is told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from fastapi import FastAPI, Response

from services.ingest.compliance import RecentPosts
from services.ingest.erasures.eraser import AuthorData, Eraser, ErasureRequests
from services.ingest.erasures.erasure import Erasure
from services.ingest.identity import Pseudonymizer
from services.ingest.store import IngestStore, open_store
from services.ingest.vault.cipher import Cipher
from services.ingest.vault.vault import Vault
from shared.profiles_peer import ProfilesPeer
from shared.store_url import SqliteUrl
from tests.unit.ingest.replies.conftest import KEY, with_zendesk, world
from tests.unit.ingest.virtual_clock import VirtualClock

__all__ = ["with_zendesk", "world"]

ACME: dict[str, Any] = {"brand": "acme", "posts": 3, "texts": 2, "assignments": 1}


class Bench:
    """One replica's erasures on a store, next to profiles that answers with `status` and `answer`."""

    def __init__(self, store: IngestStore, clock: VirtualClock) -> None:
        """Answer well, with what one brand had the first time."""
        self.store = store
        self.clock = clock
        self.pseudonymizer = Pseudonymizer(KEY.encode())
        self.vault = Vault(Cipher(KEY.encode()), store.vault, clock)
        self.erasures = ErasureRequests(store.erasures, self.pseudonymizer, clock)
        self.recent = RecentPosts(self.vault, self.pseudonymizer)
        self.status = 200
        self.answer: Any = None
        self.asked: list[str] = []
        self.scrubbed = 0

    @property
    def eraser(self) -> Eraser:
        """Return a replica's eraser."""
        profiles = ProfilesPeer(
            "profiles", "http://profiles", httpx.AsyncClient(transport=self.profiles()), deadline=60
        )
        places = AuthorData(self.store.replies, self.vault, self.clock)
        return Eraser(self.store.erasures, places, profiles, self._scrub, self.clock)

    def profiles(self) -> httpx.ASGITransport:
        """Return profiles: what an author had is there to be removed once."""
        app = FastAPI()

        @app.post("/v1/erasures")
        async def erase(body: dict[str, Any], response: Response) -> Any:
            response.status_code = self.status
            if response.status_code != 200:
                return {}
            self.asked.append(body["author_key"])
            first = self.asked.count(body["author_key"]) == 1
            return self.answer or {"items": [ACME] if first else []}

        return httpx.ASGITransport(app)

    async def remember(self, author_id: str, *post_ids: str) -> None:
        """Keep raw ids of an author's posts."""
        posts = [{"platform": "x", "post_id": one, "author": {"id": author_id}} for one in post_ids]
        await self.recent.remember("acme", posts)

    async def now(self, erasure: Erasure) -> Erasure:
        """Return an erasure as it stands."""
        return await self.store.erasures.find(erasure.id)

    async def _scrub(self) -> None:
        self.scrubbed += 1


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Yield an empty store with its replica; retries do not wait."""
    with stamina.set_testing(testing=True, attempts=2):
        async with open_store(SqliteUrl(tmp_path / "ingest.db")) as store:
            yield Bench(store, VirtualClock())
