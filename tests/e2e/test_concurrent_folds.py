"""Many clients and two processes on one database file: nobody is locked out, and no post is lost or doubled."""

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx

from services.profiles.folding import combine_all, increment_of
from services.profiles.rollup import rolled_up
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.store_url import SqliteUrl
from tests.e2e.profiles_process import PATIENCE, ProfilesProcess
from tests.unit.profiles.posts import analysis, key, post

CLIENTS = 20
PROCESSES = 2
POSTS = [
    post(
        number,
        number * number % 37,
        hours=number % 50,
        analyzed=analysis(number % 10 / 10, ("en", "de")[number % 2], embedding=[1.0, number, -2.0]),
        embedding_version="v1",
        text=f"text {number}",
        voice=("external", "internal")[number % 7 == 0],
    )
    for number in range(600)
]


def batches(client: int) -> list[list[AnalyzedPost]]:
    """Return what a client delivers: a third of all posts in an order of its own, so that each is delivered often."""
    dice = random.Random(client)  # noqa: S311 - a seeded order
    chosen = dice.sample(POSTS[client::CLIENTS], 30) + dice.sample(POSTS, 170)
    return [chosen[start : start + 25] for start in range(0, len(chosen), 25)]


async def deliver(http: httpx.AsyncClient, url: str, client: int) -> int:
    """Deliver a client's batches one after another; return how many posts they were the first to bring."""
    folded = 0
    for number, batch in enumerate(batches(client)):
        body = {"schema_version": 1, "posts": [one.model_dump(mode="json") for one in batch]}
        answer = await http.post(f"{url}/v1/brands/acme/posts", json=body)
        assert answer.status_code == 200, answer.text
        folded += answer.json()["folded"]
        if number % 3 == 0:
            removal = {"schema_version": 1, "removals": [{"post_key": key(number), "reason": "deleted"}]}
            assert (await http.post(f"{url}/v1/brands/acme/removals", json=removal)).status_code == 200
    return folded


async def test_twenty_clients_of_two_processes_lose_no_post(tmp_path: Path) -> None:
    """Overlapping deliveries with removals in between, to two servers of one file, count each post that stays once."""
    servers = [ProfilesProcess(tmp_path) for _ in range(PROCESSES)]
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=0)
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as http:
            await asyncio.gather(*(server.ready(http) for server in servers))
            urls = [servers[client % PROCESSES].url for client in range(CLIENTS)]
            folded = await asyncio.gather(*(deliver(http, url, client) for client, url in enumerate(urls)))
            summaries = [(await http.get(f"{url}/v1/brands/acme/profiles?limit=1000")).json() for url in urls[:2]]
    finally:
        for server in servers:
            server.stop()
    removed = {key(number) for number in range(0, 8, 3)}
    staying = [one for one in POSTS if one.post_key not in removed]
    assert len(staying) <= sum(folded) <= len(POSTS)
    assert summaries[0] == summaries[1]
    await assert_holds(tmp_path / "profiles.db", staying)
    log = (tmp_path / "log.txt").read_text()
    assert "locked" not in log
    assert "Traceback" not in log


async def assert_holds(path: Path, posts: list[AnalyzedPost]) -> None:
    """Assert that the file has the profiles, hours and days of these posts."""
    async with open_store(SqliteUrl(path)) as store:
        found: dict[str, Any] = {
            kept.profile.author_key: kept.profile.folded for kept in await store.kept_profiles("acme", None, 1000)
        }
        by_author: dict[str, list[AnalyzedPost]] = {}
        for one in posts:
            by_author.setdefault(one.author_key, []).append(one)
        assert found == {author: combine_all(map(increment_of, theirs)) for author, theirs in by_author.items()}
        assert {bucket.key: bucket.rollup for bucket in await store.kept_buckets("acme")} == rolled_up(
            (one.voice, one.author_key, increment_of(one)) for one in posts
        )
