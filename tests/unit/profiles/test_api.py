"""What the service answers over HTTP."""

import json
from pathlib import Path

import httpx
import pytest

from shared.access import digest_of
from shared.analyzed_post import Account
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.service import profiles_app, reached


async def test_a_delivery_is_counted_once(deliver: Deliver) -> None:
    """A delivery answers what it counted; a replay counts nothing."""
    posts = [post(number, number % 3) for number in range(7)]
    first, second = await deliver(*posts, posts[0]), await deliver(*posts)
    assert (first.status_code, first.json()) == (200, {"folded": 7, "duplicates": 1})
    assert second.json() == {"folded": 0, "duplicates": 7}


async def test_counted_posts_can_be_asked_for(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Of the keys asked about, those that were delivered come back; a key that is none is 422."""
    await deliver(post(1), post(2))
    path = "/v1/brands/acme/posts/counted"
    answer = await client.post(path, json={"post_keys": [key(1), key(2), key(3)]})
    assert sorted(answer.json()["counted"]) == [key(1), key(2)]
    assert (await client.post(path, json={"post_keys": ["a raw id"]})).status_code == 422
    assert (await client.post(path, json={"post_keys": []})).status_code == 422


async def test_a_profile_shows_what_is_known(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A profile has every promised field, with times in UTC and unknown figures null."""
    account = Account(followers=120, verified=False, age_months=24)
    await deliver(
        post(1, 1, 2, analysis(0.25, "en", "crew", subjectivity=0.5), likes=3, account=account),
        post(2, 1, 26, analysis(0.75, "de"), reposts=2, is_reply=True),
        post(3, 1, 27, analysis(0.9, "ja", supported_language=False)),
    )
    answer = await client.get(f"/v1/brands/acme/profiles/{key(1)}")
    assert answer.status_code == 200
    assert answer.json() == {
        "author_key": key(1),
        "platform": "x",
        "brand": "acme",
        "posts": 3,
        "scored_posts": 2,
        "mean_score": 0.5,
        "score_stddev": 0.25,
        "mean_subjectivity": 0.5,
        "labels": {"negative": 1, "neutral": 0, "positive": 1},
        "languages": {"de": 1, "en": 1, "ja": 1},
        "categories": {"crew": 1},
        "likes": 3,
        "reposts": 2,
        "replies": 0,
        "repost_posts": 0,
        "reply_posts": 1,
        "hours": [0, 0, 2, 1] + [0] * 20,
        "account": {
            "followers": 120,
            "following": None,
            "posts": None,
            "listed": None,
            "verified": False,
            "protected": None,
            "age_days": 730,
        },
        "first_seen": "2015-02-24T02:00:00Z",
        "last_seen": "2015-02-25T03:00:00Z",
        "clusters": {},
    }


async def test_lists_come_in_pages_until_the_last(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Following `next_cursor` meets every profile once, most posts first, and ends with null."""
    authors = [number * number % 11 for number in range(40)]
    await deliver(*(post(number, author) for number, author in enumerate(authors)))
    found: list[dict[str, object]] = []
    cursor: str | None = None
    for _ in range(10):
        parameters = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/brands/acme/profiles", params=parameters)).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [profile["author_key"] for profile in found] == [
        key(author) for author in sorted(set(authors), key=lambda author: (authors.count(author), author), reverse=True)
    ]
    assert len(page["items"]) == 2


async def test_lists_are_filtered_and_sorted(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Each filter and sort of a list reaches the store."""
    await deliver(
        post(1, 1, 0, analysis(0.9, "en")),
        post(2, 2, 5, analysis(0.1, "de")),
        post(3, 2, 6, analysis(0.1, "en")),
        post(4, 3, 9, analysis(None, "es")),
    )

    async def keys(query: str) -> list[int]:
        answer = await client.get(f"/v1/brands/acme/profiles?{query}")
        assert answer.status_code == 200
        return [int(profile["author_key"], 16) for profile in answer.json()["items"]]

    assert await keys("") == [2, 3, 1]
    assert await keys("min_posts=2") == [2]
    assert await keys("since=2015-02-24T06:00:00Z&sort=author_key") == [2, 3]
    assert await keys("since=2015-02-24T06:00:00.5Z") == [3]
    assert await keys("language=en&sort=last_seen&order=asc") == [1, 2]
    assert await keys("sort=mean_score") == [1, 2, 3]
    assert await keys("sort=mean_score&order=asc") == [2, 1, 3]
    assert await keys("sort=author_key") == [1, 2, 3]


async def test_brands_are_listed(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Brands with posts are listed by name, in pages."""
    await deliver(post(1, 1), brand="bolt")
    await deliver(post(1, 1), post(2, 1), brand="acme")
    page = (await client.get("/v1/brands?limit=1")).json()
    assert page["items"] == [{"brand": "acme", "profiles": 1, "posts": 2}]
    page = (await client.get("/v1/brands", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert page == {"items": [{"brand": "bolt", "profiles": 1, "posts": 1}], "next_cursor": None}


async def test_a_summary_adds_the_brand_up(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A summary shows counts, the mean over scored posts, labels, languages and times."""
    await deliver(
        post(1, 1, 0, analysis(0.2)),
        post(2, 2, 5, analysis(0.8)),
        post(3, 2, 7, analysis(0.5, "ja", supported_language=False)),
    )
    answer = (await client.get("/v1/brands/acme/summary")).json()
    assert {name: value for name, value in answer.items() if name not in ("window", "before", "change")} == {
        "brand": "acme",
        "profiles": 2,
        "posts": 3,
        "scored_posts": 2,
        "mean_score": 0.5,
        "labels": {"negative": 1, "neutral": 0, "positive": 1},
        "languages": {"en": 2, "ja": 1},
        "first_seen": "2015-02-24T00:00:00Z",
        "last_seen": "2015-02-24T07:00:00Z",
    }


async def test_assignments_are_shown_once_published(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Chunks stay unseen until the run is published with their exact number; then profiles show and filter by them."""
    await deliver(*(post(number, number) for number in range(11)))
    path = "/v1/brands/acme/assignments/run-1"
    items = [{"author_key": key(author), "cluster": author % 2} for author in range(11)]
    for part in (items[:6], items[5:]):
        answer = await client.put(path, json={"basis": "behaviour", "items": part})
        assert (answer.status_code, answer.json()) == (200, {"stored": 6})
    assert (await client.get(f"/v1/brands/acme/profiles/{key(1)}")).json()["clusters"] == {}
    refused = await client.post(f"{path}/publish", json={"basis": "behaviour", "expected": 4})
    assert refused.status_code == 409
    assert "11 authors are staged, not 4" in refused.json()["detail"]
    answer = await client.post(f"{path}/publish", json={"basis": "behaviour", "expected": 11})
    assert (answer.status_code, answer.json()) == (200, {"published": 11})
    assert (await client.get(f"/v1/brands/acme/profiles/{key(1)}")).json()["clusters"] == {"behaviour": 1}
    members = (await client.get("/v1/brands/acme/profiles?cluster=0&basis=behaviour&sort=author_key")).json()["items"]
    assert [member["author_key"] for member in members] == [key(0), key(2), key(4), key(6), key(8), key(10)]


async def test_clusters_of_few_people_are_not_told(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Neither by a profile, nor a list, nor a file; nor the next larger one, as which they would be what is left."""
    sizes = {0: 4, 1: 6, 2: 7}
    clusters = [cluster for cluster, size in sizes.items() for _ in range(size)]
    await deliver(*(post(number, number) for number in range(len(clusters) + 1)))
    path = "/v1/brands/acme/assignments/run-1"
    items = [{"author_key": key(author), "cluster": cluster} for author, cluster in enumerate(clusters)]
    await client.put(path, json={"basis": "behaviour", "items": items})
    await client.post(f"{path}/publish", json={"basis": "behaviour", "expected": len(items)})
    for cluster, members in {0: [], 1: [], 2: [key(author) for author in range(10, 17)]}.items():
        listed = (await client.get(f"/v1/brands/acme/profiles?cluster={cluster}&sort=author_key")).json()
        assert [member["author_key"] for member in listed["items"]] == members
    told = {"behaviour": 2}
    shown = (await client.get("/v1/brands/acme/profiles?sort=author_key")).json()["items"]
    assert [one["clusters"] for one in shown] == [{}] * 10 + [told] * 7 + [{}]
    assert (await client.get(f"/v1/brands/acme/profiles/{key(3)}")).json()["clusters"] == {}
    exported = (await client.get("/v1/brands/acme/export?format=jsonl")).text.splitlines()
    assert [json.loads(row)["cluster_behaviour"] for row in exported] == [None] * 10 + [2] * 7 + [None]


async def test_a_cluster_that_an_erasure_made_small_is_not_told(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """With the card that was made of five, the four who are left would tell of the fifth."""
    await deliver(*(post(number, number) for number in range(17)))
    path = "/v1/brands/acme/assignments/run-1"
    items = [{"author_key": key(author), "cluster": int(author >= 5) + int(author >= 11)} for author in range(17)]
    await client.put(path, json={"basis": "behaviour", "items": items})
    await client.post(f"{path}/publish", json={"basis": "behaviour", "expected": 17})
    assert len((await client.get("/v1/brands/acme/profiles?cluster=0")).json()["items"]) == 5
    assert (await client.post("/v1/erasures", json={"author_key": key(0)})).status_code == 200
    counted = [len((await client.get(f"/v1/brands/acme/profiles?cluster={n}")).json()["items"]) for n in range(3)]
    assert counted == [0, 0, 6]


@pytest.mark.parametrize("path", ["profiles", f"profiles/{key(1)}", "summary", "features"])
async def test_a_brand_without_posts_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """Nothing of a brand can be read before its first post."""
    answer = await client.get(f"/v1/brands/nobody/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_author_is_not_found(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A brand's profile of an author who never posted about it is 404."""
    await deliver(post(1, 1))
    assert (await client.get(f"/v1/brands/acme/profiles/{key(2)}")).status_code == 404


async def test_the_service_is_ready_once_its_store_answers(tmp_path: Path) -> None:
    """It is not ready while it starts; readiness then names the store."""
    app = profiles_app(tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://profiles") as client:
        before = await client.get("/readyz")
        async with app.router.lifespan_context(app):
            during = await client.get("/readyz")
    assert (before.status_code, before.json()["detail"]) == (503, "the service is starting; try again in a moment")
    assert (during.status_code, during.json()["dependencies"]) == (200, ["store"])


async def test_deliveries_are_measured(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The metrics count posts folded and duplicates."""
    await deliver(post(1), post(1), post(2))
    metrics = (await client.get("/metrics")).text
    assert 'voxpop_profiles_posts_total{outcome="folded"} 2.0' in metrics
    assert 'voxpop_profiles_posts_total{outcome="duplicate"} 1.0' in metrics


async def test_reading_and_writing_have_scopes(tmp_path: Path) -> None:
    """A key that reads may not write, services alone deliver what they made of posts, and no key gets nothing."""
    keys = f"r:read:{digest_of('reader')},w:write:{digest_of('writer')}"
    body = {"schema_version": 1, "posts": [post(1).model_dump(mode="json")]}
    chunk = {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 0}]}
    service_key = "service-0123456789-0123456789-0123456789"
    async with reached(profiles_app(tmp_path, api_keys=keys, service_key=service_key)) as client:

        async def statuses(secret: str) -> list[int]:
            bearer = {"authorization": f"Bearer {secret}"}
            answers = [
                await client.post("/v1/brands/acme/posts", json=body, headers=bearer),
                await client.put("/v1/brands/acme/assignments/run-1", json=chunk, headers=bearer),
                *[
                    await client.get(f"/v1/brands{path}", headers=bearer)
                    for path in ("", "/acme/profiles", f"/acme/profiles/{key(1)}", "/acme/summary", "/acme/features")
                ],
            ]
            return [answer.status_code for answer in answers]

        assert await statuses("writer") == [403] * 7
        assert await statuses(service_key) == [200] * 7
        assert await statuses("reader") == [403, 403, 200, 200, 200, 200, 200]
        assert await statuses("nobody") == [401] * 7
