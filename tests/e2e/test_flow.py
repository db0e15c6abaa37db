"""Posts go in; sentiment, profiles and clusters come out."""

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from services.cli.clusters import train
from services.cli.upload import Tally, upload
from services.ingest.sample import BRAND, sample_path
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import Row
from tests.e2e.conftest import every_profile


async def import_sample(voxpop: httpx.AsyncClient) -> Tally:
    """Import the bundled sample."""
    async with service(voxpop, "ingest") as ingest:
        with open_file(str(sample_path()), {}, None, io.BytesIO()) as source:
            return await upload(source.rows, BRAND, ingest)


def service(voxpop: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """Return a client of one service in the same process."""
    return httpx.AsyncClient(transport=voxpop._transport, base_url=f"http://voxpop/{name}", timeout=60)


@pytest.fixture(scope="module")
def sample_rows() -> Iterator[list[Row]]:
    """Return the sample's rows."""
    with open_file(str(sample_path()), {}, None, io.BytesIO()) as source:
        yield list(source.rows)


async def test_the_sample_becomes_profiles_and_clusters(voxpop: httpx.AsyncClient, sample_rows: list[Row]) -> None:
    """Every post is counted once, every author has a profile and a cluster, no cluster holds nearly everybody."""
    first = await import_sample(voxpop)
    assert (first.accepted, first.duplicates, first.rejected) == (len(sample_rows), 0, 0)
    again = await import_sample(voxpop)
    assert (again.accepted, again.duplicates, again.rejected) == (0, len(sample_rows), 0)
    async with service(voxpop, "clusters") as clusters:
        run = await train(clusters, BRAND)
        cards: dict[str, Any] = (await clusters.get(f"/v1/brands/{BRAND}/clusters")).json()
    profiles = await every_profile(voxpop, BRAND)
    authors = {(row.post["platform"], row.post["author"]["id"]) for row in sample_rows if row.post}
    assert len(profiles) == len(authors)
    assert sum(profile["posts"] for profile in profiles.values()) == len(sample_rows)
    assigned = Counter(profile["clusters"]["behaviour"] for profile in profiles.values())
    assert assigned == {card["id"]: card["size"] for card in cards["items"]}
    assert max(card["share"] for card in cards["items"]) < 0.9
    assert run["reason"]
    assert all(card["distinctive"] for card in cards["items"] if card["described"])


async def test_what_people_say_decides_their_figures(voxpop: httpx.AsyncClient) -> None:
    """An author who praises scores high, one who complains scores low, a foreign post counts without a score."""
    words = {
        "happy": ["I love this airline, the crew was wonderful", "best flight ever, thank you so much!"],
        "angry": ["worst airline ever, they lost my bag and lied", "I hate them, three hours delay and no help at all"],
        "foreign": ["Der Flug war leider drei Stunden verspätet und niemand hat uns irgendetwas gesagt"],
    }
    posts = [
        {
            "platform": "x",
            "post_id": f"{author}-{n}",
            "author": {"id": author},
            "text": text,
            "created_at": "2026-02-01T10:00:00Z",
        }
        for author, texts in words.items()
        for n, text in enumerate(texts)
    ]
    answer = await voxpop.post("/ingest/v1/posts", json={"brand": "aerolume", "posts": posts})
    assert answer.json()["accepted"] == len(posts)
    profiles = (await every_profile(voxpop, "aerolume")).values()
    foreign, angry, happy = sorted(profiles, key=lambda profile: profile["mean_score"] or 0)
    assert (foreign["posts"], foreign["scored_posts"], foreign["mean_score"]) == (1, 0, None)
    assert foreign["languages"] == {"de": 1}
    assert angry["mean_score"] < 0.3
    assert happy["mean_score"] > 0.7
    assert (angry["labels"]["negative"], happy["labels"]["positive"]) == (2, 2)


async def test_a_failed_run_leaves_the_clusters_before_it(voxpop: httpx.AsyncClient) -> None:
    """Too many clusters for too few authors: the run fails with a sentence, the run before stays served."""
    await import_sample(voxpop)
    async with service(voxpop, "clusters") as clusters:
        served = await train(clusters, BRAND)
        failing = await clusters.post("/v1/brands/nobody/runs", json={})
        assert failing.status_code == 202
        still = (await clusters.get(f"/v1/brands/{BRAND}/clusters")).json()
        assert still["run_id"] == served["run_id"]
        assert (await clusters.get("/v1/brands/nobody/clusters")).status_code == 404
