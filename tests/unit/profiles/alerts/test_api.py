"""Alert rules, alerts and webhooks over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.profiles.alerts.alert_rule import MOST_RULES, AlertRule
from services.profiles.alerts.webhook import MOST_WEBHOOKS, Webhook
from services.profiles.alerts.workers import Alerts
from services.profiles.api import alerts, webhooks
from shared.access import digest_of
from shared.settings import ServiceSettings
from shared.web.application import build_app
from tests.unit.profiles.alerts.conftest import DELAY, Watch
from tests.unit.profiles.service import reached

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"
RULE = "/v1/brands/acme/alert-rules/volume"
SCOPES = ("read", "write", "admin")
DEFAULTS = {
    "direction": "both",
    "threshold": 3.5,
    "min_posts": 10,
    "weeks": 4,
    "voice": None,
    "webhook": None,
    "quiet_hours": 6,
}


@asynccontextmanager
async def routes(
    watch: Watch, *, anywhere: bool = False, secret: bytes | None = KEY
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the routes that alerts have; its key opens everything."""
    keys = ",".join(f"{scope}:{scope}:{digest_of(f'key-{scope}')}" for scope in SCOPES)
    settings = ServiceSettings(_env_file=None, api_keys=keys, rate_limit="100000/second")

    opened: Any = SimpleNamespace(alerts=Alerts(watch.store, watch.clock, DELAY, anywhere, secret))
    routers = (alerts.router, webhooks.router)
    app = build_app("profiles", "alerts", settings, routers, CollectorRegistry(), lambda: nullcontext(opened))
    async with reached(app, "key-admin") as client:
        yield client


@pytest.fixture
async def client(watch: Watch) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service off loopback with a key for signatures."""
    async with routes(watch) as opened:
        yield opened


def errors(answer: httpx.Response) -> list[Any]:
    """Return the fields that a 422 names."""
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    return [error["loc"][-1] for error in answer.json()["errors"]]


async def test_a_rule_is_put_shown_listed_and_deleted(client: httpx.AsyncClient) -> None:
    """Its defaults are spelt out, and how it stands."""
    shown = {
        "brand": "acme",
        "name": "volume",
        "metric": "posts",
        **DEFAULTS,
        "state": "learning",
        "missing": "no hour was judged yet",
        "judged_through": "2026-03-02T11:00:00Z",
    }
    put = await client.put(RULE, json={"metric": "posts"})
    assert (put.status_code, put.json()) == (200, shown)
    assert (await client.get(RULE)).json() == shown
    assert (await client.get("/v1/brands/acme/alert-rules")).json() == {"items": [shown], "next_cursor": None}
    assert (await client.delete(RULE)).status_code == 204
    assert [(await client.request(verb, RULE)).status_code for verb in ("GET", "DELETE")] == [404, 404]


async def test_rules_come_in_pages(client: httpx.AsyncClient) -> None:
    """By name, each once."""
    for name in ("c", "a", "b"):
        await client.put(f"/v1/brands/acme/alert-rules/{name}", json={"metric": "posts"})
    first = (await client.get("/v1/brands/acme/alert-rules?limit=2")).json()
    rest = (await client.get("/v1/brands/acme/alert-rules", params={"cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None


async def test_a_rule_says_what_it_lacks(client: httpx.AsyncClient, watch: Watch) -> None:
    """As soon as it has judged an hour."""
    await client.put(RULE, json={"metric": "posts"})
    await watch.finish()
    shown = (await client.get(RULE)).json()
    assert shown["state"] == "learning"
    assert shown["missing"].endswith("there are 0")
    assert shown["judged_through"] == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": "likes"}, "metric"),
        ({"direction": "up"}, "direction"),
        ({"threshold": 0.9}, "threshold"),
        ({"threshold": 20.1}, "threshold"),
        ({"min_posts": 0}, "min_posts"),
        ({"min_posts": 1e300}, "min_posts"),
        ({"weeks": 1}, "weeks"),
        ({"weeks": 13}, "weeks"),
        ({"voice": "both"}, "voice"),
        ({"webhook": "No Slug"}, "webhook"),
        ({"webhook": "missing"}, "webhook"),
        ({"quiet_hours": -1}, "quiet_hours"),
        ({"quiet_hours": 169}, "quiet_hours"),
        ({"more": 1}, "more"),
    ],
)
async def test_a_wrong_rule_is_refused_by_field(client: httpx.AsyncClient, change: dict[str, Any], field: str) -> None:
    """And not kept."""
    assert errors(await client.put(RULE, json={"metric": "posts"} | change)) == [field]
    assert (await client.get(RULE)).status_code == 404


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_a_threshold_is_a_number(client: httpx.AsyncClient, number: str) -> None:
    """As JSON has none, some writers make these."""
    body = f'{{"metric": "posts", "threshold": {number}}}'
    answer = await client.put(RULE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize("brand", ["a.b", "a$b", "A", "a" * 300, "%F0%9F%A7%B3", "-a"])
async def test_a_brand_that_is_no_slug_is_refused(client: httpx.AsyncClient, brand: str) -> None:
    """On every route."""
    for path in (f"/v1/brands/{brand}/alerts", f"/v1/brands/{brand}/alert-rules", f"/v1/brands/{brand}/alert-rules/x"):
        assert errors(await client.get(path)) == ["brand"]
    assert errors(await client.put(f"/v1/brands/{brand}/alert-rules/x", json={"metric": "posts"})) == ["brand"]


@pytest.mark.parametrize(
    "path", ["/v1/brands/acme/alerts", "/v1/brands/acme/alert-rules", "/v1/webhooks"], ids=lambda path: path[-8:]
)
@pytest.mark.parametrize("asked", ["limit=0", "limit=1000000000", "cursor=nonsense", "cursor=W10", "cursor=WzEsMiwzXQ"])
async def test_a_wrong_page_is_refused(client: httpx.AsyncClient, path: str, asked: str) -> None:
    """Limits out of range and cursors that no list gave."""
    assert errors(await client.get(f"{path}?{asked}")) == [asked.partition("=")[0]]


async def test_a_brand_has_so_many_rules(client: httpx.AsyncClient, watch: Watch) -> None:
    """One more is 409; one that is there may be changed."""
    for n in range(MOST_RULES):
        await watch.store.put_rule(AlertRule(brand="acme", name=f"rule-{n}", metric="posts"), 0)
    assert (await client.put(RULE, json={"metric": "posts"})).status_code == 409
    assert (await client.put("/v1/brands/acme/alert-rules/rule-1", json={"metric": "posts"})).status_code == 200


async def test_alerts_are_listed_the_latest_first(client: httpx.AsyncClient, watch: Watch) -> None:
    """In pages, with how far their delivery is."""
    await watch.store.put_webhook(Webhook("desk", "https://hooks.example/", watch.clock.now()))
    await client.put(RULE, json={"metric": "posts", "webhook": "desk", "quiet_hours": 0})
    for hour in range(3):
        watch.hours.weeks_before(watch.hour + hour * 3600, 100)
        watch.hours.have(watch.hour + hour * 3600, 200)
        await watch.finish()
    first = (await client.get("/v1/brands/acme/alerts?limit=2")).json()
    rest = (await client.get("/v1/brands/acme/alerts", params={"cursor": first["next_cursor"]})).json()
    assert [item["hour"][11:16] for item in first["items"] + rest["items"]] == ["14:00", "13:00", "12:00"]
    assert rest["next_cursor"] is None
    assert rest["items"][0] == {
        "id": rest["items"][0]["id"],
        "brand": "acme",
        "rule": "volume",
        "metric": "posts",
        "direction": "above",
        "voice": None,
        "hour": "2026-03-02T12:00:00Z",
        "posts": 200,
        "value": 200,
        "expected": 100,
        "low": 65,
        "high": 135,
        "z": 10,
        "threshold": 3.5,
        "raised_at": "2026-03-02T13:10:00Z",
        "explanation": None,
        "delivery": {"webhook": "desk", "state": "waiting", "attempts": 0, "known": ""},
    }


async def test_of_a_webhook_only_the_origin_comes_back(client: httpx.AsyncClient) -> None:
    """Not from PUT, not from GET, not from the list: path and query may hold a key."""
    shown = {"name": "desk", "origin": "https://hooks.example", "updated_at": "2026-03-02T12:10:00Z"}
    put = await client.put("/v1/webhooks/desk", json={"url": "https://hooks.example/path?key=k"})
    assert (put.status_code, put.json()) == (200, shown)
    assert (await client.get("/v1/webhooks/desk")).json() == shown
    assert (await client.get("/v1/webhooks")).json() == {"items": [shown], "next_cursor": None}
    assert (await client.delete("/v1/webhooks/desk")).status_code == 204
    assert [(await client.request(verb, "/v1/webhooks/desk")).status_code for verb in ("GET", "DELETE")] == [404, 404]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "http://hooks.example/",
        "https://a:b@hooks.example/",
        " ",
        "é",
        "https://xn--/",
        "https://e..com/",
        f"https://{'a' * 300}/",
    ],
)
async def test_a_wrong_webhook_is_refused(client: httpx.AsyncClient, url: str) -> None:
    """By the field, and not kept."""
    assert errors(await client.put("/v1/webhooks/desk", json={"url": url})) == ["url"]
    assert (await client.get("/v1/webhooks")).json()["items"] == []


async def test_a_webhook_that_cannot_be_shown_is_not_kept(
    client: httpx.AsyncClient, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason: what is stored is what every list after it has to show."""
    monkeypatch.setattr(webhooks, "check_url", lambda url, **_: url)
    monkeypatch.setattr(Webhook, "origin", property(lambda _: 1 / 0))
    answer = await client.put("/v1/webhooks/desk", json={"url": "https://hooks.example/"})
    assert (answer.status_code, await watch.store.webhooks("", 9)) == (500, [])


async def test_a_webhook_that_was_stored_wrongly_is_listed(client: httpx.AsyncClient, watch: Watch) -> None:
    """Beside the others, so that it can be found, and put again or deleted."""
    for name, url in (("bad", "https://xn--/"), ("worse", "https://[v1.a]/"), ("good", "https://hooks.example/")):
        await watch.store.put_webhook(Webhook(name, url, watch.clock.now()))
    listed = (await client.get("/v1/webhooks")).json()["items"]
    assert {item["name"]: item["origin"] for item in listed} == {
        "bad": "https://xn--",
        "worse": "unreadable",
        "good": "https://hooks.example",
    }
    assert (await client.delete("/v1/webhooks/bad")).status_code == 204


async def test_a_local_service_delivers_to_local_addresses(watch: Watch) -> None:
    """As does one that a setting allows it."""
    async with routes(watch, anywhere=True) as client:
        assert (await client.put("/v1/webhooks/desk", json={"url": "http://127.0.0.1:9/x"})).status_code == 200


async def test_without_a_key_no_webhook_can_be_declared(watch: Watch) -> None:
    """Nothing is delivered unsigned; the answer says what to set."""
    async with routes(watch, secret=None) as client:
        answer = await client.put("/v1/webhooks/desk", json={"url": "https://hooks.example/"})
    assert answer.status_code == 409
    assert "PROFILES_WEBHOOK_KEY" in answer.json()["detail"]


async def test_there_are_so_many_webhooks(client: httpx.AsyncClient, watch: Watch) -> None:
    """One more is 409."""
    for n in range(MOST_WEBHOOKS):
        await watch.store.put_webhook(Webhook(f"desk-{n}", "https://hooks.example/", watch.clock.now()))
    body = {"url": "https://hooks.example/other"}
    assert (await client.put("/v1/webhooks/desk", json=body)).status_code == 409
    assert (await client.put("/v1/webhooks/desk-1", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("verb", "path", "needed"),
    [
        ("GET", RULE, "read"),
        ("GET", "/v1/brands/acme/alert-rules", "read"),
        ("GET", "/v1/brands/acme/alerts", "read"),
        ("PUT", RULE, "write"),
        ("DELETE", RULE, "write"),
        ("GET", "/v1/webhooks", "read"),
        ("GET", "/v1/webhooks/desk", "read"),
        ("PUT", "/v1/webhooks/desk", "admin"),
        ("DELETE", "/v1/webhooks/desk", "admin"),
    ],
)
async def test_each_route_has_its_scope(client: httpx.AsyncClient, verb: str, path: str, needed: str) -> None:
    """Where alerts go is an administrator's to say; a key that may less is 403, none is 401."""
    body = {"url": "https://hooks.example/"} if "webhooks" in path else {"metric": "posts"}
    sent = body if verb == "PUT" else None
    for scope in SCOPES:
        answer = await client.request(verb, path, headers={"authorization": f"Bearer key-{scope}"}, json=sent)
        opens = scope in {needed, "admin"}
        assert (answer.status_code != 403) == opens
    assert (await client.request(verb, path, headers={"authorization": ""}, json=sent)).status_code == 401
