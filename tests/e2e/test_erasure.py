"""An author goes: out of every service, off the disk, and for good."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.clusters import train
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import author_key as reply_author_key
from services.local import LocalSettings, create_local_app, local_settings
from services.profiles.author_sketch import sketch
from tests.e2e.conftest import PSEUDONYM_KEY, client_of, every_profile
from tests.unit.ingest.virtual_clock import START, VirtualClock

BRAND = "aerolume"
AUTHORS = [f"90071992547409{number:02}" for number in range(16)]
GONE = AUTHORS[5]
PSEUDONYMIZER = Pseudonymizer(PSEUDONYM_KEY.encode())
KEY = PSEUDONYMIZER.author_key("x", GONE)
RULE = {"brand": BRAND, "sentiment_below": 0.5, "template": "We are sorry. Ticket {{ ticket }}."}


def a_post(author: str, number: int) -> dict[str, Any]:
    """Return a post: authors with an odd number complain, the others praise."""
    place = AUTHORS.index(author)
    words = "worst airline ever, they lost my bag and lied" if place % 2 else "best flight ever, the crew was wonderful"
    return {
        "platform": "x",
        "post_id": f"18014398509481{place:02}{number:03}",
        "author": {"id": author, "followers": 100 * place, "created_at": "2015-03-01T00:00:00Z"},
        "text": f"{words}, flight {place * 7 + number}",
        "created_at": (START - timedelta(hours=1)).isoformat(),
        "likes": place * number,
    }


POSTS_EACH = 3


def posts_of(author: str) -> list[dict[str, Any]]:
    """Return the posts of an author, as often as they are asked for."""
    return [a_post(author, number) for number in range(POSTS_EACH)]


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    """Return voxpop with replies on, remembering the raw ids that X is asked about again."""
    return local_settings(
        data_dir=tmp_path,
        pseudonym_key=PSEUDONYM_KEY,
        replies_enabled=True,
        replies_dry_run=False,
        x_bearer_token="a-bearer-token-of-the-tests",
        x_sandbox="127.0.0.1:1",
        x_sandbox_ca=tmp_path / "ca.pem",
    )


@pytest.fixture
async def voxpop(settings: LocalSettings, clock: VirtualClock) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the four services, with posts of all authors, clusters and drafts."""
    async with client_of(create_local_app(settings, clock)) as client:
        assert (await client.put("/ingest/v1/reply-rules/sorry", json=RULE)).status_code == 200
        posts = [post for author in AUTHORS for post in posts_of(author)]
        receipt = (await client.post("/ingest/v1/posts", json={"brand": BRAND, "posts": posts})).json()
        assert receipt["accepted"] == len(posts), receipt
        await trained(client)
        yield client


async def trained(client: httpx.AsyncClient) -> None:
    """Train the brand's clusters."""
    async with httpx.AsyncClient(
        transport=client._transport, base_url="http://voxpop/clusters", timeout=60
    ) as clusters:
        await train(clusters, BRAND)


async def erased(client: httpx.AsyncClient, clock: VirtualClock) -> dict[str, Any]:
    """Erase the author and return the report once it is done."""
    answer = await client.post("/ingest/v1/erasures", json={"platform": "x", "author_id": GONE})
    assert answer.status_code == 202
    await clock.advance(10)
    report: dict[str, Any] = (await client.get(f"/ingest/v1/erasures/{answer.json()['erasure_id']}")).json()
    assert report["state"] == "done"
    return report


async def size(client: httpx.AsyncClient) -> dict[str, int]:
    """Return how many profiles and posts the brand has."""
    (found,) = (await client.get("/profiles/v1/brands")).json()["items"]
    return {name: found[name] for name in ("profiles", "posts")}


def holding(folder: Path, *traces: bytes) -> dict[str, int]:
    """Return how often any of the traces stands in each file of the folder where one does."""
    counts = {
        file.name: sum(file.read_bytes().count(trace) for trace in traces)
        for file in folder.rglob("*")
        if file.is_file()
    }
    return {name: count for name, count in counts.items() if count}


async def test_an_erased_author_is_gone_everywhere_and_stays_gone(
    voxpop: httpx.AsyncClient, clock: VirtualClock
) -> None:
    """Profile, drafts, clusters and figures go; the report says what went where; a replay and a new run change nothing.

    An author who was not erased keeps all of it.
    """
    before = await size(voxpop)
    drafts = (await voxpop.get("/ingest/v1/replies")).json()["items"]
    assert "behaviour" in (await every_profile(voxpop, BRAND))[KEY]["clusters"]
    report = await erased(voxpop, clock)
    assert report["removed"] == [
        {"where": "profiles", "brand": BRAND, "posts": POSTS_EACH, "texts": POSTS_EACH, "assignments": 1},
        {"where": "ingest", "drafts": 1, "tickets": 1, "vault_rows": 2, "recent_posts": POSTS_EACH},
    ]
    assert (await voxpop.get(f"/profiles/v1/brands/{BRAND}/profiles/{KEY}")).status_code == 404
    assert len((await voxpop.get("/ingest/v1/replies")).json()["items"]) == len(drafts) - 1
    for again in (False, True):
        if again:
            body = {"brand": BRAND, "posts": [*posts_of(GONE), a_post(GONE, POSTS_EACH)]}
            receipt = (await voxpop.post("/ingest/v1/posts", json=body)).json()
            assert receipt == {"accepted": POSTS_EACH + 1, "duplicates": 0, "rejected": []}
            await trained(voxpop)
        after = await size(voxpop)
        assert (before["posts"] - after["posts"], before["profiles"] - after["profiles"]) == (POSTS_EACH, 1)
        profiles = await every_profile(voxpop, BRAND)
        assert set(profiles) == {PSEUDONYMIZER.author_key("x", author) for author in AUTHORS} - {KEY}
        assert all("behaviour" in profile["clusters"] for profile in profiles.values())
        assert len((await voxpop.get("/ingest/v1/replies")).json()["items"]) == len(drafts) - 1
    assert (await erased(voxpop, clock))["removed"] == report["removed"], "asked again, nothing was left to remove"


async def test_no_answer_tells_that_profiles_alone_knows_of_an_erasure(voxpop: httpx.AsyncClient) -> None:
    """As after a restored backup, whose tombstones ingest never saw: the author's posts are answered as any other's."""
    assert (await voxpop.post("/profiles/v1/erasures", json={"author_key": KEY})).is_success
    other = AUTHORS[-1]
    posts = [a_post(GONE, POSTS_EACH), a_post(GONE, POSTS_EACH), a_post(other, POSTS_EACH), *posts_of(other)]
    receipt = (await voxpop.post("/ingest/v1/posts", json={"brand": BRAND, "posts": posts})).json()
    assert receipt == {"accepted": 2, "duplicates": 1 + POSTS_EACH, "rejected": []}


async def test_no_byte_of_an_erased_author_stays_on_the_disk(
    voxpop: httpx.AsyncClient, clock: VirtualClock, tmp_path: Path
) -> None:
    """Neither in a table nor in a free page nor in a log of writes: the two tombstones alone name the pseudonym."""
    posts = [PSEUDONYMIZER.post_key("x", post["post_id"]).encode() for post in posts_of(GONE)]
    sketched = sketch([KEY]).numbers
    replies = reply_author_key(PSEUDONYMIZER, "x", GONE).encode()
    texts = [post["text"].encode() for post in posts_of(GONE)]
    for trace in (*posts, *texts, sketched, replies, KEY.encode()):
        assert await asyncio.to_thread(holding, tmp_path, trace), "it is there before"
    await erased(voxpop, clock)
    assert await asyncio.to_thread(holding, tmp_path, *posts, *texts, sketched) == {}
    kept = await asyncio.to_thread(holding, tmp_path, KEY.encode())
    assert set(kept) <= {"profiles.db", "ingest.db", "ingest.db-wal"}
    assert kept["profiles.db"] == 1
    await asyncio.to_thread(_without_tombstones, tmp_path)
    assert await asyncio.to_thread(holding, tmp_path, KEY.encode(), replies) == {}


def _without_tombstones(folder: Path) -> None:
    """Take the tombstones out: what still names the author then is no tombstone."""
    for name, tables in (("profiles.db", ["erased"]), ("ingest.db", ["document_erasures", "document_reply_opt_outs"])):
        connection = sqlite3.connect(folder / name, isolation_level=None, timeout=30)
        connection.execute("PRAGMA secure_delete=ON")
        for table in tables:
            assert connection.execute(f"DELETE FROM {table}").rowcount == 1  # noqa: S608 - names of this test
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()
