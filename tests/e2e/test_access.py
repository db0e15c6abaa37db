"""Who gets in, across the four services."""

import json
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from services.local import create_local_app, local_settings
from shared.access import Scope, digest_of, new_secret
from shared.errors import SettingsError
from tests.e2e.conftest import client_of

POST = {
    "platform": "x",
    "post_id": "1",
    "author": {"id": "2"},
    "text": "a fine flight",
    "created_at": "2026-02-01T10:00:00Z",
}
SCOPES = tuple(Scope)
SECRETS = {scope: new_secret() for scope in SCOPES}
KEYS = ",".join(f"{scope}:{scope}:{digest_of(secret)}" for scope, secret in SECRETS.items())
SERVICE_SECRET = new_secret()
SERVICES_ALONE = "the services' own key"
NEEDED = {
    "sentiment": {
        "analyze": "POST /analyze, POST /sentiment, GET /model",
        "read": "GET /categories, GET /categories/{name}",
        "write": "PUT /categories/{name}, DELETE /categories/{name}",
    },
    "ingest": {
        "read": "GET /brands, GET /brands/{brand}, GET /brands/{brand}/queries, GET /streams, "
        "GET /streams/{stream_id}, GET /backfills, GET /backfills/{backfill_id}, GET /reply-rules, "
        "GET /reply-rules/{name}",
        "write": "POST /posts, PUT /brands/{brand}, POST /streams, POST /streams/{stream_id}/pause, "
        "POST /streams/{stream_id}/resume, DELETE /streams/{stream_id}, POST /backfills, PUT /reply-rules/{name}, "
        "DELETE /reply-rules/{name}",
        "reply": "GET /replies, POST /replies/{reply_id}/approve, POST /replies/{reply_id}/reject, GET /tickets",
        "admin": "POST /erasures, GET /erasures/{erasure_id}",
    },
    "profiles": {
        "read": "GET /brands, GET /brands/{brand}/summary, GET /brands/{brand}/timeline, "
        "GET /brands/{brand}/languages, "
        "GET /brands/{brand}/categories, GET /brands/{brand}/voices, GET /brands/{brand}/share-of-voice, "
        "GET /brands/{brand}/entities, GET /brands/{brand}/trending, GET /brands/{brand}/alert-rules, "
        "GET /brands/{brand}/alert-rules/{name}, GET /brands/{brand}/alerts, GET /webhooks, GET /webhooks/{name}, "
        "GET /brands/{brand}/profiles, GET /brands/{brand}/profiles/{author_key}, GET /brands/{brand}/features, "
        "GET /brands/{brand}/export",
        "write": "PUT /brands/{brand}/alert-rules/{name}, DELETE /brands/{brand}/alert-rules/{name}",
        "admin": "POST /erasures, POST /brands/{brand}/import, PUT /webhooks/{name}, DELETE /webhooks/{name}",
        SERVICES_ALONE: "POST /brands/{brand}/posts, POST /brands/{brand}/posts/counted, "
        "POST /brands/{brand}/removals, PUT /brands/{brand}/assignments/{run_id}, "
        "POST /brands/{brand}/assignments/{run_id}/publish, GET /brands/{brand}/assignments/{run_id}, "
        "DELETE /brands/{brand}/assignments/{run_id}, GET /changes, POST /brands/{brand}/features/named, "
        "GET /brands/{brand}/texts, POST /brands/{brand}/texts/named",
    },
    "clusters": {
        "read": "GET /brands/{brand}/runs, GET /runs/{run_id}, GET /brands/{brand}/clusters, "
        "GET /brands/{brand}/clusters/{cluster_id}, GET /brands/{brand}/topics, GET /brands/{brand}/movements, "
        "GET /brands/{brand}/aspects, GET /runs/{run_id}/events, GET /runs/{run_id}/map, "
        "GET /runs/{run_id}/diff/{other_id}, GET /runs/{run_id}/plots, GET /runs/{run_id}/plots/{name}.{form}, "
        "GET /brands/{brand}/catalog, GET /brands/{brand}/schedules/{basis}, POST /brands/{brand}/assign, "
        "GET /brands/{brand}/clusters/{cluster_id}/recommendations, "
        "GET /brands/{brand}/clusters/{cluster_id}/audience",
        "evidence": "GET /brands/{brand}/clusters/{cluster_id}/examples, "
        "GET /brands/{brand}/clusters/{cluster_id}/members",
        "write": "POST /brands/{brand}/runs, POST /runs/{run_id}/cancel, POST /brands/{brand}/topics, "
        "POST /runs/{run_id}/restore, DELETE /runs/{run_id}, PUT /brands/{brand}/catalog, "
        "DELETE /brands/{brand}/catalog, PUT /brands/{brand}/schedules/{basis}, "
        "DELETE /brands/{brand}/schedules/{basis}",
    },
}
"""Every route under `/v1` of every service, by the scope that opens it; `admin` opens all but those for services."""
Route = tuple[str, str, str]
"""A service, a method and a path without `/v1`."""


def table() -> dict[Route, str]:
    """Return what opens each route."""
    found: dict[Route, str] = {}
    for service, by_scope in NEEDED.items():
        for needed, routes in by_scope.items():
            for route in routes.split(", "):
                method, path = route.split()
                found[service, method, path] = needed
    return found


TABLE = table()


@pytest.fixture
def guarded(tmp_path: Path) -> FastAPI:
    """Return the four services with a key for each scope."""
    return create_local_app(local_settings(data_dir=tmp_path, api_keys=KEYS, service_key=SERVICE_SECRET))


def routes(app: FastAPI) -> set[Route]:
    """Return every route under /v1 as service, method and path."""
    found = set()
    for mount in app.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, FastAPI):
            for path, methods in mount.app.openapi()["paths"].items():
                if path.startswith("/v1"):
                    service = mount.path.strip("/")
                    found |= {(service, method.upper(), path.removeprefix("/v1")) for method in methods}
    return found


async def answer(voxpop: httpx.AsyncClient, route: Route, secret: str | None, **query: str) -> httpx.Response:
    """Return the answer to one request, with made-up parameters in the path."""
    service, method, path = route
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return await voxpop.request(
        method, f"/{service}/v1{re.sub(r'{[a-z_]+}', '1', path)}", headers=headers, params=query
    )


def test_the_table_names_every_route(guarded: FastAPI) -> None:
    """A route that is new has its line in the table."""
    assert routes(guarded) == set(TABLE)


async def test_every_route_is_opened_by_its_scope_and_by_no_other(guarded: FastAPI) -> None:
    """401 without a key, 403 with a sentence for a key of another scope; the services' own key opens every route."""
    async with client_of(guarded) as voxpop:
        for route, needed in TABLE.items():
            for secret in (None, "vxp_guess"):
                assert (await answer(voxpop, route, secret)).status_code == 401, route
            assert (await answer(voxpop, route, SERVICE_SECRET)).status_code not in {401, 403}, route
            for scope in SCOPES:
                refused = await answer(voxpop, route, SECRETS[scope])
                if needed != SERVICES_ALONE and scope in {needed, "admin"}:
                    assert refused.status_code not in {401, 403}, (route, scope)
                    continue
                assert refused.status_code == 403, (route, scope)
                remedy = "VOXPOP_SERVICE_KEY" if needed == SERVICES_ALONE else f"'{needed}'"
                assert remedy in refused.json()["detail"]


async def test_what_shows_members_and_texts_needs_evidence(tmp_path: Path) -> None:
    """Who is in a cluster is told neither by a list of them, nor by profiles, nor by an export of profiles."""
    secrets = {name: new_secret() for name in ("read", "evidence", "read+evidence", "admin")}
    keys = ",".join(f"{number}:{name}:{digest_of(secrets[name])}" for number, name in enumerate(secrets))
    app = create_local_app(local_settings(data_dir=tmp_path, api_keys=keys, service_key=SERVICE_SECRET))
    lists, exports = ("profiles", "GET", "/brands/{brand}/profiles"), ("profiles", "GET", "/brands/{brand}/export")
    async with client_of(app) as voxpop:
        await published(voxpop)
        for name, secret in secrets.items():
            status = 403 if name == "read" else 200
            assert (await answer(voxpop, lists, secret, cluster="0")).status_code == status
            assert (await answer(voxpop, exports, secret, of="posts")).status_code == status
            if name == "evidence":
                assert (await answer(voxpop, lists, secret)).status_code == 403
                assert (await answer(voxpop, exports, secret, of="profiles")).status_code == 403
                continue
            shown = (await answer(voxpop, lists, secret)).json()["items"][0]
            one = (await answer(voxpop, (*lists[:2], f"{lists[2]}/{shown['author_key']}"), secret)).json()
            lines = (await answer(voxpop, exports, secret, of="profiles", format="jsonl")).text.splitlines()
            exported = json.loads(lines[0])
            told = [shown["clusters"], one["clusters"], exported["cluster_behaviour"]]
            assert told == ([{}, {}, None] if name == "read" else [{"behaviour": 0}, {"behaviour": 0}, 0])


async def published(voxpop: httpx.AsyncClient) -> None:
    """Have five authors of the brand `1`, as few as are told of, counted and put into a cluster."""
    own = {"authorization": f"Bearer {SERVICE_SECRET}"}
    posts = [POST | {"post_id": str(number), "author": {"id": str(number)}} for number in range(5)]
    body = {"brand": "1", "posts": posts}
    assert (await voxpop.post("/ingest/v1/posts", json=body, headers=own)).json()["accepted"] == len(posts)
    profiles = (await voxpop.get("/profiles/v1/brands/1/profiles", headers=own)).json()["items"]
    members = [{"author_key": profile["author_key"], "cluster": 0} for profile in profiles]
    run = "/profiles/v1/brands/1/assignments/run-1"
    assert (await voxpop.put(run, json={"basis": "behaviour", "items": members}, headers=own)).is_success
    publication = {"basis": "behaviour", "expected": len(members)}
    assert (await voxpop.post(f"{run}/publish", json=publication, headers=own)).is_success


async def test_the_services_let_one_another_in(guarded: FastAPI) -> None:
    """With keys set, a post still travels through all services, by the key that they share."""
    async with client_of(guarded, authorization=f"Bearer {SECRETS[Scope.WRITE]}") as voxpop:
        answer = await voxpop.post("/ingest/v1/posts", json={"brand": "aerolume", "posts": [POST]})
        assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}


def test_an_open_service_off_loopback_does_not_start(tmp_path: Path) -> None:
    """Without keys, any address but loopback is refused, with the reason and the remedy."""
    open_to_all = local_settings(data_dir=tmp_path, host="0.0.0.0")  # noqa: S104 - what is refused
    with pytest.raises(SettingsError, match="voxpop key new"):
        create_local_app(open_to_all)
