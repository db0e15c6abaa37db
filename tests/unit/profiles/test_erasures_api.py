"""Erasures over HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.access import digest_of
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import key, post
from tests.unit.profiles.service import profiles_app, reached

PATH = "/v1/erasures"


async def test_an_author_goes_out_of_every_brand(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The answer counts by brand what was removed; made again it finds nothing, and other authors stay."""
    await deliver(post(1, 1, text="one"), post(2, 1, text="two"), post(3, 2, text="three"))
    await deliver(post(4, 1, text="four"), brand="delta")
    items = [{"author_key": key(1), "cluster": 0}, {"author_key": key(2), "cluster": 1}]
    await client.put("/v1/brands/acme/assignments/run-1", json={"basis": "behaviour", "items": items})
    answer = await client.post(PATH, json={"author_key": key(1)})
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {"brand": "acme", "posts": 2, "texts": 2, "assignments": 1},
            {"brand": "delta", "posts": 1, "texts": 1, "assignments": 0},
        ]
    }
    assert (await client.post(PATH, json={"author_key": key(1)})).json() == {"items": []}
    assert (await client.get(f"/v1/brands/acme/profiles/{key(1)}")).status_code == 404
    assert (await client.get(f"/v1/brands/acme/profiles/{key(2)}")).json()["posts"] == 1
    assert (await client.get("/v1/brands")).json()["items"] == [{"brand": "acme", "profiles": 1, "posts": 1}]


async def test_an_erased_author_does_not_come_back(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A replay and new posts count as duplicates and change nothing; so do clusters that are staged late."""
    await deliver(post(1, 1), post(2, 2))
    await client.post(PATH, json={"author_key": key(1)})
    assert (await deliver(post(1, 1), post(9, 1))).json() == {"folded": 0, "duplicates": 2}
    items = [{"author_key": key(1), "cluster": 0}, {"author_key": key(2), "cluster": 1}]
    staged = await client.put("/v1/brands/acme/assignments/run-1", json={"basis": "behaviour", "items": items})
    assert staged.json() == {"stored": 1}
    published = await client.post(
        "/v1/brands/acme/assignments/run-1/publish", json={"basis": "behaviour", "expected": 1}
    )
    assert published.json() == {"published": 1}
    listed = (await client.get("/v1/brands/acme/profiles")).json()["items"]
    assert [profile["author_key"] for profile in listed] == [key(2)]


async def test_an_author_nobody_knows_is_kept_out_too(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Erasing them finds nothing, and what comes of them later is not counted."""
    assert (await client.post(PATH, json={"author_key": key(7)})).json() == {"items": []}
    assert (await deliver(post(1, 7), post(2, 8))).json() == {"folded": 1, "duplicates": 1}


@pytest.mark.parametrize(
    "body", [{}, {"author_key": None}, {"author_key": "4815162342108"}, {"author_key": "G" * 32}, {"author_key": 7}, []]
)
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    """422, and not a word of what was sent: it may be a raw id."""
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 422
    assert "4815162342108" not in answer.text


async def test_only_an_admin_or_a_service_erases(tmp_path: Path) -> None:
    """A key that may write posts may not."""
    secrets = {scope: f"vxp-{scope}-0123456789-0123456789-0123456789" for scope in ("write", "admin")}
    keys = ",".join(f"{scope}:{scope}:{digest_of(secret)}" for scope, secret in secrets.items())
    service_key = "service-0123456789-0123456789-0123456789"
    async with reached(profiles_app(tmp_path, api_keys=keys, service_key=service_key)) as client:
        for secret, status in ((secrets["write"], 403), (secrets["admin"], 200), (service_key, 200)):
            headers = {"authorization": f"Bearer {secret}"}
            answer = await client.post(PATH, json={"author_key": key(1)}, headers=headers)
            assert answer.status_code == status


async def test_a_field_that_is_not_known_is_refused_without_its_name(client: httpx.AsyncClient) -> None:
    """A name may be a person's; nothing was erased."""
    answer = await client.post(PATH, json={"author_key": key(1), "dora_exempel": 1})
    assert answer.status_code == 422
    assert "author_key alone" in answer.text
    assert "dora" not in answer.text
