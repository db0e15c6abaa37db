"""Erasures over HTTP, in a running service."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest.app import create_app
from services.ingest.settings import IngestSettings
from shared.access import digest_of
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.posts import a_post
from tests.unit.ingest.virtual_clock import VirtualClock

AUTHOR = "4815162342108"
ORDER = {"platform": "x", "author_id": AUTHOR}


async def erased(http: httpx.AsyncClient, clock: VirtualClock) -> dict[str, Any]:
    """Erase the author and return the report once it is done."""
    answer = await http.post("/v1/erasures", json=ORDER)
    assert answer.status_code == 202
    await clock.advance(10)
    report: dict[str, Any] = (await http.get(f"/v1/erasures/{answer.json()['erasure_id']}")).json()
    assert report["state"] == "done"
    return report


async def test_an_erasure_tells_how_far_it_has_come(http: httpx.AsyncClient, peers: Peers, clock: VirtualClock) -> None:
    """It is taken at once, carried out in the background, and its report names no author."""
    report = await erased(http, clock)
    assert len(peers.erased) == 1
    assert report["removed"] == report["left_elsewhere"] == []
    assert (report["waiting_for"], report["known"], report["looked_again_at"]) == (None, "", None)
    assert report["done_at"] >= report["asked_at"]
    assert AUTHOR not in str(report)
    assert peers.erased[0] not in str(report)


async def test_what_erased_authors_post_later_is_dropped_unread(http: httpx.AsyncClient, peers: Peers) -> None:
    """From the asking on, though profiles has not heard of it: neither peer is asked about such a post."""
    peers.status["profiles"] = 503
    assert (await http.post("/v1/erasures", json=ORDER)).status_code == 202
    peers.status["profiles"] = 200
    posts = [a_post(1, AUTHOR), a_post(1, AUTHOR), a_post(2, "another"), a_post(2, "another")]
    receipt = (await http.post("/v1/posts", json={"brand": "aerolume", "posts": posts})).json()
    assert (receipt["accepted"], receipt["duplicates"]) == (2, 2), "no other answer than any author's posts have"
    assert set(peers.texts) == {"@user thank you, flight 2 was great"}
    assert len(peers.folded) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "platform"),
        ({"platform": "x"}, "author_id"),
        ({"platform": "myspace", "author_id": AUTHOR}, "platform"),
        ({"platform": "x", "author_id": ""}, "author_id"),
        ({"platform": "x", "author_id": " \u200b "}, "author_id"),
        ({"platform": "x", "author_id": "a\x00b"}, "author_id"),
        ({"platform": "x", "author_id": AUTHOR * 50}, "author_id"),
        ({"platform": "x", "author_id": int(AUTHOR)}, "author_id"),
        ({AUTHOR: AUTHOR, "author_id": AUTHOR}, "platform"),
        ({**ORDER, AUTHOR: True}, "must hold platform and author_id alone; another field is there"),
        ({**ORDER, "reason": AUTHOR}, "must hold platform and author_id alone; another field is there"),
        ([AUTHOR], ""),
    ],
)
async def test_bad_orders_are_refused_by_field(http: httpx.AsyncClient, body: Any, field: str) -> None:
    """422, without a word of what was sent."""
    answer = await http.post("/v1/erasures", json=body)
    assert answer.status_code == 422
    assert field in str(answer.json()["errors"])
    assert AUTHOR not in answer.text


@pytest.mark.parametrize(("erasure_id", "status"), [("f" * 32, 404), ("F" * 32, 422), ("x", 422), ("f" * 33, 422)])
async def test_an_id_that_is_none_is_told_apart(http: httpx.AsyncClient, erasure_id: str, status: int) -> None:
    """Unknown is 404, malformed 422."""
    assert (await http.get(f"/v1/erasures/{erasure_id}")).status_code == status


async def test_only_an_admin_erases(settings: IngestSettings, peers: Peers) -> None:
    """A key that may write posts may neither erase nor look."""
    secrets = {scope: f"vxp-{scope}-0123456789-0123456789-0123456789" for scope in ("write", "admin")}
    keys = ",".join(f"{scope}:{scope}:{digest_of(secret)}" for scope, secret in secrets.items())
    app = create_app(settings.model_copy(update={"api_keys": keys}), peers.transports())
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            for scope, status in (("write", 403), ("admin", 202)):
                headers = {"authorization": f"Bearer {secrets[scope]}"}
                answer = await client.post("/v1/erasures", json=ORDER, headers=headers)
                assert answer.status_code == status
            headers = {"authorization": f"Bearer {secrets['write']}"}
            assert (await client.get(f"/v1/erasures/{'f' * 32}", headers=headers)).status_code == 403


async def test_the_raw_id_is_kept_nowhere(http: httpx.AsyncClient, clock: VirtualClock, tmp_path: Path) -> None:
    """Neither in the clear nor anywhere in the files, whatever becomes of the erasure."""
    await erased(http, clock)
    files = await asyncio.to_thread(lambda: [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()])
    assert AUTHOR.encode() not in b"".join(files)
    assert files
