"""What a voxpop of before left behind opens, answers as it did then, and goes on. `earlier/README.md` says more."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from services.profiles.stores.database import open_stores as open_profiles
from shared.errors import SettingsError
from shared.store_url import MongoUrl, SqliteUrl
from tests.e2e.conftest import ended
from tests.e2e.earlier import data
from tests.e2e.earlier.backup import ask_restored, restore
from tests.e2e.earlier.house import MADE_AT, House, open_house
from tests.e2e.earlier.questions import ask_all, differences
from tests.e2e.earlier.stores import ask_stores, still_kept

AEROLUME = "/profiles/v1/brands/aerolume"
ERASED = ("x", "9862668459532567879", "10659293762572474634")
REMOVED = ("x", "16700382520615278337", "16954689433552495126")
EXPIRED = ("bluesky", "10953167326717355419", "10703722416942621144")
"""Platform, post and author of posts of then: of an author who was erased, one removed, one whose text has expired."""
ANSWERED_ANEW = re.compile(
    r"/clusters/v1/.*/(reason|scores/\d+/(largest_share|smallest_size)):|/ingest/v1/erasures/0{31}[23]/"
    r"|/(clusters/v1|runs)/[^:]*: nothing is now |/profiles/v1/brands/[^/]+/features/\d+/[^/]+: nothing is now "
    r"|/.*alerts.*/explanation: nothing is now None"
)
"""Sizes of clusters of fewer than five people are not told any more; erasures put off for days are due at once.

Runs, cards and rows of features have fields that they had not then.
"""
SERVICES = ("ingest", "profiles", "clusters", "sentiment")


@pytest.fixture
def earlier_folder(tmp_path: Path) -> Path:
    """Return a copy of the data folder."""
    return data.unpack("folder", tmp_path / "earlier")


@pytest.fixture
def earlier_databases(mongo_url: MongoUrl) -> Iterator[Callable[[str], dict[str, MongoUrl]]]:
    """Return a function that loads one part of the documents, with their indexes, into a database for each service."""
    with pymongo.MongoClient[dict[str, Any]](mongo_url.url) as client:
        made: list[str] = []

        def loaded(part: str) -> dict[str, MongoUrl]:
            urls = {}
            for service, collections in data.documents(part).items():
                made.append(f"{mongo_url.database}_{service}")
                urls[service] = MongoUrl(mongo_url.url.replace(mongo_url.database, made[-1]), made[-1])
                _load(client[made[-1]], collections)
            return urls

        yield loaded
        for database in made:
            client.drop_database(database)


def _different(told: Any, found: Any) -> list[str]:
    """Return where two answers differ, and should not."""
    return [line for line in differences(told, found) if not ANSWERED_ANEW.match(line)]


def _load(database: Database[dict[str, Any]], collections: dict[str, dict[str, Any]]) -> None:
    for name, collection in collections.items():
        for index in collection["indexes"]:
            options = {key: value for key, value in index.items() if key != "key"}
            database[name].create_index([(field, order) for field, order in index["key"]], **options)
        database[name].insert_many(collection["documents"])


async def test_an_earlier_folder_answers_as_it_did_and_goes_on(earlier_folder: Path) -> None:
    """Answers are equal field by field; then posts are folded, a draft approved, clusters trained, an author erased."""
    told = data.read("folder")
    async with open_house(earlier_folder) as house:
        assert _different(told["http"], await ask_all(house.http, told["erasures"])) == []
        await _post_more(house)
        await _approve_a_draft(house)
        await _declare_a_brand_anew(house)
        await _train(house)
        await _erase(house)
    before = told["http"]["profiles/v1/brands/aerolume/summary?window=7d"]["posts"]
    async with open_house(earlier_folder, MADE_AT + timedelta(minutes=10)) as house:
        assert (await house.http.get(f"{AEROLUME}/summary")).json()["posts"] == before + 1


async def _post_more(house: House) -> None:
    """Deliver new posts of two authors; what is removed or expired is not counted again, what is erased not at all."""
    new = [_a_post("x", "new-1", "7001"), _a_post("x", "new-2", "7002")]
    known = [_a_post(*place) for place in (EXPIRED, REMOVED, ERASED)]
    answer = await house.http.post("/ingest/v1/posts", json={"brand": "aerolume", "posts": [*new, *known]})
    assert answer.json() == {"accepted": 3, "duplicates": 2, "rejected": []}


def _a_post(platform: str, post_id: str, author_id: str) -> dict[str, Any]:
    return {
        "platform": platform,
        "post_id": post_id,
        "author": {"id": author_id},
        "text": "The crew of @aerolume was so kind today, thank you",
        "created_at": (MADE_AT - timedelta(hours=2)).isoformat(),
    }


async def _approve_a_draft(house: House) -> None:
    drafts = (await house.http.get("/ingest/v1/replies?state=draft")).json()["items"]
    answer = await house.http.post(f"/ingest/v1/replies/{drafts[0]['id']}/approve", json={})
    assert answer.json() == drafts[0] | {"state": "approved", "updated_at": answer.json()["updated_at"]}


async def _declare_a_brand_anew(house: House) -> None:
    for version in (2, 3):
        answer = await house.http.put("/ingest/v1/brands/nimbo", json={"keywords": ["nimbo"]})
        assert answer.json()["version"] == version


async def _train(house: House) -> None:
    """Train anew: the new run is current, and of those before none has changed."""
    runs_url = "/clusters/v1/brands/aerolume/runs"
    before = (await house.http.get(runs_url)).json()["items"]
    run = (await house.http.post(runs_url, json={"k": 2})).json()
    await ended(house.app, run["run_id"])
    shown = (await house.http.get("/clusters/v1/brands/aerolume/clusters")).json()
    after = (await house.http.get(runs_url)).json()["items"]
    assert (shown["run_id"], len(shown["items"]), after[1:]) == (run["run_id"], 2, before)


async def _erase(house: House) -> None:
    """Erase the author of a new post; the tombstones of then are known too, as posting showed."""
    asked = await house.http.post("/ingest/v1/erasures", json={"platform": "x", "author_id": "7002"})
    await house.clock.advance(10)
    erasure = (await house.http.get(f"/ingest/v1/erasures/{asked.json()['erasure_id']}")).json()
    assert erasure["state"] == "done"
    assert [one["posts"] for one in erasure["removed"] if one["where"] == "profiles"] == [1]


async def test_earlier_small_stores_keep_what_http_does_not_show(earlier_folder: Path) -> None:
    """Cursors, leases and their tokens, the vault, claims, tombstones, rounds and versions are as they were."""
    told = _told("folder")
    urls = {service: SqliteUrl(earlier_folder / f"{service}.db") for service in SERVICES}
    assert _different(told["stores"], await ask_stores(urls, told["erasures"][0])) == []


def _told(part: str) -> dict[str, Any]:
    """Return what the stores of then told; leases are kept as such, and those that are over no more."""
    told: dict[str, Any] = data.read(part)
    for name in ("leased_until", "token"):
        del told["stores"]["done erasure"][name]
    for unordered in ("due streams", "stale replies"):
        told["stores"][unordered].sort()
    for delivery in told["stores"]["deliveries"]:
        for name in ("due_at", "leased_until", "token"):
            del delivery[name]
    return told | {"stores": still_kept(told["stores"])}


async def test_an_earlier_backup_is_restored(tmp_path: Path) -> None:
    """A backup gives the answers that it gave where it was made, and once more changes nothing."""
    told = data.read("backup")
    backup, folder = data.unpack("backup", tmp_path / "backup"), tmp_path / "new"
    folder.mkdir()
    async with open_house(folder) as house:
        assert await restore(house.http, "aerolume", backup) == told["counts"]
        assert _different(told["answers"], await ask_restored(house.http, "aerolume")) == []
        await restore(house.http, "aerolume", backup)
        assert _different(told["answers"], await ask_restored(house.http, "aerolume")) == []


@pytest.mark.mongo
async def test_earlier_documents_of_small_stores_are_kept(
    earlier_databases: Callable[[str], dict[str, MongoUrl]],
) -> None:
    """What the small stores had in MongoDB, with the indexes of then, they have still."""
    told = _told("mongo")
    assert _different(told["stores"], await ask_stores(earlier_databases("databases"), told["erasures"][0])) == []


@pytest.mark.mongo
async def test_an_earlier_profile_store_in_mongodb_is_refused_with_the_way_over(
    earlier_databases: Callable[[str], dict[str, MongoUrl]],
) -> None:
    """Profiles of the old kind are named, and what to do about them, before anything is changed."""
    urls = earlier_databases("profiles")
    with pytest.raises(SettingsError, match="export"):
        async with open_profiles(urls["profiles"]):
            pass
