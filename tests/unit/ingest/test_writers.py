"""Accounts that reply, from a post that came in to its answer on the network."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from pydantic import SecretStr

from services.ingest.app import create_app
from services.ingest.settings import IngestSettings
from services.ingest.writers import open_writers
from tests.servers.mastodon_home import REPLY_TOKEN, MastodonHome
from tests.servers.pds import APP_PASSWORD, IDENTIFIER, Pds
from tests.unit.ingest.conftest import PSEUDONYM_KEY, Peers
from tests.unit.ingest.virtual_clock import VirtualClock

OF_X = ("x_api_key", "x_api_secret", "x_access_token", "x_access_token_secret")
RULE: dict[str, Any] = {
    "brand": "aerolume",
    "platforms": ["bluesky", "mastodon"],
    "sentiment_below": 0.9,
    "template": "We are sorry. Your ticket is {{ ticket }}.",
}


def a_post(platform: str, post_id: str, author: str) -> dict[str, Any]:
    """Return a complaint as a client sends it."""
    text, created_at = "my aerolume is broken", "2026-03-02T11:00:00Z"
    told = {"platform": platform, "post_id": post_id, "text": text, "created_at": created_at}
    return {**told, "author": {"id": author}}


def stored_in(folder: Path) -> bytes:
    """Return the bytes of ingest's store."""
    return b"".join(path.read_bytes() for path in folder.rglob("ingest.db*"))


async def test_a_complaint_is_answered_where_it_was_made(peers: Peers, clock: VirtualClock, tmp_path: Path) -> None:
    """After a person's approval, once; what lies in the store meanwhile tells neither ids nor words nor secrets."""
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(MastodonHome(clock.now))
        pds = await stack.enter_async_context(Pds(clock.now))
        settings = IngestSettings(
            _env_file=None,
            data_dir=tmp_path,
            pseudonym_key=SecretStr(PSEUDONYM_KEY),
            replies_enabled=True,
            mastodon_url=home.url,
            mastodon_reply_token=SecretStr(REPLY_TOKEN),
            bluesky_pds_url=pds.url,
            bluesky_identifier=IDENTIFIER,
            bluesky_app_password=SecretStr(APP_PASSWORD),
        )
        stack.enter_context(stamina.set_testing(testing=True, attempts=3))
        app = create_app(settings, peers.transports(), clock)
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://ingest"))
        assert (await http.put("/v1/reply-rules/sorry", json=RULE)).status_code == 200
        toot, skeet = home.publish("my aerolume is broken"), pds.publish("my aerolume is broken")
        posts = [
            a_post("mastodon", f"{toot['id']}@{home.name}", "noiob@awoo.space"),
            a_post("bluesky", skeet["uri"], "did:plc:jane"),
        ]
        answer = await http.post("/v1/posts", json={"brand": "aerolume", "posts": posts})
        assert answer.json()["accepted"] == 2
        for draft in (await http.get("/v1/replies")).json()["items"]:
            assert (await http.post(f"/v1/replies/{draft['id']}/approve")).status_code == 200
        stored = stored_in(tmp_path)
        await clock.until(lambda: bool(home.written and pds.records), step=1.0)
        await clock.advance(10)
        replies = (await http.get("/v1/replies")).json()["items"]
    assert [(reply["state"], reply["known"]) for reply in replies] == [("sent", "published")] * 2
    (written,) = home.written
    (record,) = pds.records.values()
    assert written["in_reply_to_id"] == toot["id"]
    assert written["status"].startswith("@noiob@awoo.space We are sorry. Your ticket is VP-")
    assert record["reply"]["parent"] == {"uri": skeet["uri"], "cid": skeet["cid"]}
    for secret in (toot["id"], skeet["uri"], "did:plc:jane", "noiob", "We are sorry. Your", REPLY_TOKEN, APP_PASSWORD):
        assert secret.encode() not in stored.replace(RULE["template"].encode(), b"")


@pytest.mark.parametrize(
    ("told", "platforms"),
    [
        ({}, set()),
        ({"mastodon_reply_token": SecretStr("t")}, {"mastodon"}),
        ({"bluesky_identifier": "a.example", "bluesky_app_password": SecretStr("p")}, {"bluesky"}),
        ({"facebook_page_token": SecretStr("t")}, {"facebook"}),
        ({"instagram_access_token": SecretStr("t"), "instagram_user_id": "1"}, {"instagram"}),
        (
            {name: SecretStr("t") for name in ("x_api_key", "x_api_secret", "x_access_token", "x_access_token_secret")},
            {"x"},
        ),
        ({"mastodon_reply_token": SecretStr("t"), "replies_enabled": False}, set()),
    ],
)
async def test_an_account_replies_where_its_secrets_are_set(
    clock: VirtualClock, told: dict[str, Any], platforms: set[str]
) -> None:
    """And nowhere while replies are off."""
    settings = IngestSettings(_env_file=None, **({"replies_enabled": True} | told))
    async with open_writers(settings, clock) as writers:
        assert set(writers) == platforms
