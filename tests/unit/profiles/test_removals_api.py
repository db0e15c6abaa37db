"""Removals over HTTP."""

from typing import Any

import httpx
import pytest

from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import key, post

PATH = "/v1/brands/acme/removals"
THROUGH = "2015-02-24T02:00:00Z"


def removals(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a body."""
    return {"schema_version": 1, "removals": list(items), **more}


async def test_removed_posts_are_answered_and_gone(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The answer counts what was taken out and what was unknown; the profile is without it, and stays so."""
    await deliver(post(1, 1, 1), post(2, 1, 2))
    body = removals({"post_key": key(2), "reason": "deleted"}, {"post_key": key(9), "reason": "edited"})
    assert (await client.post(PATH, json=body)).json() == {"removed": 1, "unknown": 1}
    assert (await client.post(PATH, json=body)).json() == {"removed": 0, "unknown": 2}
    assert (await deliver(post(2, 1, 2), post(9, 1))).json() == {"folded": 0, "duplicates": 2}
    profile = (await client.get(f"/v1/brands/acme/profiles/{key(1)}")).json()
    assert (profile["posts"], profile["last_seen"]) == (1, "2015-02-24T01:00:00Z")


async def test_removed_authors_are_gone_up_to_their_hour(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """An author's posts go up to the hour, the latest of the hours that a body names; later posts count."""
    await deliver(post(1, 1, 1), post(2, 1, 2), post(3, 1, 3), post(4, 2))
    early = {"author_key": key(1), "through": "2015-02-24T01:00:00Z", "reason": "protected"}
    body = removals({**early, "through": THROUGH, "reason": "account deleted"}, early)
    assert (await client.post(PATH, json=body)).json() == {"removed": 2, "unknown": 0}
    assert (await client.get(f"/v1/brands/acme/profiles/{key(1)}")).json()["posts"] == 1


async def test_a_brand_without_posts_is_not_found_again(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A brand whose last post was removed is 404 and in no list."""
    await deliver(post(1, 1))
    await client.post(PATH, json=removals({"post_key": key(1), "reason": "deleted"}))
    assert (await client.get("/v1/brands/acme/summary")).status_code == 404
    assert (await client.get("/v1/brands")).json()["items"] == []


async def test_a_removal_may_be_kept_for_its_post_or_not(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """By default a post that was removed before it came is refused; with `early` false it is counted."""
    await client.post(PATH, json=removals({"post_key": key(1), "reason": "deleted"}))
    await client.post(PATH, json=removals({"post_key": key(2), "reason": "deleted"}, early=False))
    assert (await deliver(post(1, 1), post(2, 1))).json() == {"folded": 1, "duplicates": 1}


async def test_removals_are_measured(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The metrics count removals by what became of them."""
    await deliver(post(1, 1))
    keys = [{"post_key": key(number), "reason": "deleted"} for number in (1, 2, 3)]
    await client.post(PATH, json=removals(*keys))
    metrics = (await client.get("/metrics")).text
    assert 'voxpop_profiles_removals_total{outcome="removed"} 1.0' in metrics
    assert 'voxpop_profiles_removals_total{outcome="unknown"} 2.0' in metrics


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"schema_version": 2, "removals": [{"post_key": key(1), "reason": "deleted"}]}, "schema_version"),
        (removals(), "removals"),
        (removals(*[{"post_key": key(1), "reason": "deleted"}] * 1001), "removals"),
        (removals({"post_key": "a raw id", "reason": "deleted"}), "post_key"),
        (removals({"author_key": "a" * 31, "through": THROUGH, "reason": "protected"}), "author_key"),
        (removals({"post_key": key(1), "reason": "boring"}), "reason"),
        (removals({"post_key": key(1)}), "reason"),
        (removals({"reason": "deleted"}), "post_key or author_key"),
        (removals({"post_key": key(1), "author_key": key(1), "through": THROUGH, "reason": "deleted"}), "either"),
        (removals({"author_key": key(1), "reason": "protected"}), "through"),
        (removals({"post_key": key(1), "through": THROUGH, "reason": "deleted"}), "through"),
        (removals({"author_key": key(1), "through": "2015-02-24T02:30:00Z", "reason": "protected"}), "through"),
        (removals({"author_key": key(1), "through": "2015-02-24T02:00:00", "reason": "protected"}), "through"),
        (removals({"author_key": key(1), "through": "0001-01-01T00:00:00+14:00", "reason": "protected"}), "through"),
        (removals({"author_key": key(1), "through": "9999-12-31T23:00:00-14:00", "reason": "protected"}), "through"),
        (removals({"post_key": key(1), "reason": "deleted"}, early="perhaps"), "early"),
        ([], "body"),
    ],
)
async def test_a_bad_removal_is_refused(client: httpx.AsyncClient, deliver: Deliver, body: Any, field: str) -> None:
    """A removal with a wrong field is a 422 that names it, and its neighbours are not removed either."""
    await deliver(post(1, 1))
    if isinstance(body, dict) and body["removals"]:
        body = {**body, "removals": [{"post_key": key(1), "reason": "deleted"}, *body["removals"][:1000]]}
    answer = await client.post(PATH, json=body)
    assert answer.status_code == 422
    assert any(field in ".".join(map(str, error["loc"])) + error["msg"] for error in answer.json()["errors"])
    assert (await client.get("/v1/brands/acme/summary")).json()["posts"] == 1


@pytest.mark.parametrize("brand", ["A", "$set", "a" * 64])
async def test_a_brand_that_is_no_slug_takes_no_removals(client: httpx.AsyncClient, brand: str) -> None:
    """A brand that is no slug is 422."""
    body = removals({"post_key": key(1), "reason": "deleted"})
    assert (await client.post(f"/v1/brands/{brand}/removals", json=body)).status_code == 422
