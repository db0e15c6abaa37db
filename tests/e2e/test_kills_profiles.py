"""The profiles service, killed at random moments of an import again and again."""

import asyncio
import random
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.store_url import SqliteUrl
from tests.e2e.profiles_process import PATIENCE, ProfilesProcess
from tests.unit.profiles.posts import START, analysis, key, post

KILLS = 22
BATCH = 25
BATCHES = 55
AUTHORS = 90
MANY = 10_000

Call = tuple[str, dict[str, Any]]
"""The path and the body of one step of an import, which is made again until it is answered."""


def made_posts() -> list[AnalyzedPost]:
    """Return posts of everything that a store keeps in rows of its own: texts, embeddings, languages, voices."""
    dice = random.Random(11)  # noqa: S311 - a seeded import
    return [
        post(
            number,
            dice.randrange(AUTHORS),
            hours=dice.randrange(200),
            analyzed=analysis(
                dice.random(),
                dice.choice(["en", "de", "es"]),
                dice.choice(["crew", "seat", None]),
                embedding=[dice.gauss(0, 1) for _ in range(8)],
            ),
            embedding_version="v1",
            text=f"text {number} " * 20,
            likes=dice.randrange(50),
            account={"followers": number},
            voice=dice.choice(["external", "external", "internal"]),
        )
        for number in range(BATCH * BATCHES)
    ]


def steps() -> list[Call]:
    """Return an import: deliveries, between them a repeated one, and removals of posts and of an author."""
    posts = made_posts()
    calls: list[Call] = []
    for number in range(BATCHES):
        batch = posts[number * BATCH : (number + 1) * BATCH]
        body = {"schema_version": 1, "posts": [one.model_dump(mode="json") for one in batch]}
        calls.append(("/v1/brands/acme/posts", body))
        if number % 5 == 4:
            gone = [{"post_key": one.post_key, "reason": "deleted"} for one in (batch[0], batch[7], posts[-number])]
            author = {"author_key": key(number), "through": START.isoformat(), "reason": "protected"}
            calls.append(("/v1/brands/acme/removals", {"schema_version": 1, "removals": [*gone, author]}))
            calls.append(calls[-4])
    return calls


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], ProfilesProcess]]:
    """Return a function that starts the service on one and the same folder."""
    running: list[ProfilesProcess] = []

    def starting() -> ProfilesProcess:
        running.append(ProfilesProcess(tmp_path))
        return running[-1]

    yield starting
    for server in running:
        server.stop()


class Killer:
    """Kills a server while a call is being answered, each time at a moment of another kind."""

    def __init__(self, database: Path, dice: random.Random) -> None:
        """Draw the moments."""
        self._log = database.with_name(database.name + "-wal")
        self._dice = dice
        self.usual = 0.05
        """Seconds that a call takes."""

    async def strike(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        """Make the call and kill the server meanwhile; how far it came, nobody is told."""
        moment = self._dice.choice([self._while_sending, self._while_writing, self._sometime])
        await moment(server, http, call)

    async def _while_sending(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        body = _json(call)
        cut = self._dice.randrange(len(body))

        async def halves() -> AsyncIterator[bytes]:
            yield body[:cut]
            await asyncio.to_thread(server.kill)
            yield body[cut:]

        headers = {"content-type": "application/json", "content-length": str(len(body))}
        with pytest.raises(httpx.TransportError):
            await http.post(server.url + call[0], content=halves(), headers=headers)

    async def _while_writing(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        """Kill when the write-ahead log grew by so many bytes: within a transaction, or within its commit."""
        over = threading.Event()
        size, more = self._size(), self._dice.randrange(1, 150_000)

        def watch() -> None:
            while not over.is_set() and 0 <= self._size() - size < more:
                pass
            server.kill()

        watching = asyncio.create_task(asyncio.to_thread(watch))
        await self._answered_or_not(server, http, call)
        over.set()
        await watching

    async def _sometime(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        calling = asyncio.create_task(self._answered_or_not(server, http, call))
        await asyncio.wait({calling}, timeout=self._dice.random() * self.usual)
        await asyncio.to_thread(server.kill)
        await calling

    def _size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    async def _answered_or_not(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        try:
            await self.answered(server, http, call)
        except httpx.TransportError:
            return

    async def answered(self, server: ProfilesProcess, http: httpx.AsyncClient, call: Call) -> None:
        """Make the call and note what it took."""
        begin = time.perf_counter()
        answer = await http.post(
            server.url + call[0], content=_json(call), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        self.usual = time.perf_counter() - begin


def _json(call: Call) -> bytes:
    return httpx.Request("POST", "http://profiles", json=call[1]).content


async def everything(store: ProfileStore) -> dict[str, Any]:
    """Return all that a store keeps of the brand, but for the moments at which posts were stored."""
    posts = await store.kept_posts("acme", None, MANY)
    return {
        "posts": [(kept.post_key, kept.author_key, kept.post) for kept in posts],
        "profiles": await store.kept_profiles("acme", None, MANY),
        "buckets": await store.kept_buckets("acme"),
        "removed": await store.removed_authors("acme", None, MANY),
        "summary": await store.summary("acme"),
    }


def checked(database: Path) -> str:
    """Return what SQLite says of the file."""
    with closing(sqlite3.connect(database)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.parametrize("seed", [1])
async def test_an_import_through_many_kills_equals_a_clean_one(
    start: Callable[[], ProfilesProcess], tmp_path: Path, seed: int
) -> None:
    """SIGKILL at 22 random moments: profiles, texts, hours and totals end as those of one clean import."""
    dice = random.Random(seed)  # noqa: S311 - seeded moments
    database = tmp_path / "profiles.db"
    killer = Killer(database, dice)
    left = steps()
    async with httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)) as http:
        for _ in range(KILLS):
            server = start()
            await server.ready(http)
            assert await asyncio.to_thread(checked, database) == "ok"
            for _ in range(dice.randrange(3)):
                await killer.answered(server, http, left.pop(0))
            await killer.strike(server, http, left[0])
        assert left
        server = start()
        await server.ready(http)
        for call in left:
            await killer.answered(server, http, call)
        server.stop()
    assert await asyncio.to_thread(checked, database) == "ok"

    async with open_store(SqliteUrl(database)) as store, open_store(SqliteUrl(tmp_path / "clean.db")) as clean:
        await deliver_once(clean)
        assert await everything(store) == await everything(clean)
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


async def deliver_once(clean: ProfileStore) -> None:
    """Make the same import without a network, a kill or a repetition."""
    posts = made_posts()
    for number in range(BATCHES):
        batch = posts[number * BATCH : (number + 1) * BATCH]
        await clean.fold("acme", batch)
        if number % 5 == 4:
            gone = [one.post_key for one in (batch[0], batch[7], posts[-number])]
            await clean.remove("acme", gone, {key(number): int(START.timestamp())})
