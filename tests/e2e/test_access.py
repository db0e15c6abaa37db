"""Who gets in, across the four services."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from services.local import SERVICES, create_local_app, local_settings
from shared.access import digest_of, new_secret
from shared.errors import SettingsError
from tests.e2e.conftest import client_of

SECRETS = {scope: new_secret() for scope in ("analyze", "read", "write", "admin")}
KEYS = ",".join(f"{scope}:{scope}:{digest_of(secret)}" for scope, secret in SECRETS.items())


@pytest.fixture
def guarded(tmp_path: Path) -> FastAPI:
    """Return the four services with a key for each scope."""
    return create_local_app(local_settings(data_dir=tmp_path, api_keys=KEYS))


def routes(app: FastAPI) -> list[tuple[str, str, str]]:
    """Return every route under /v1 as service, method and a path with made-up parameters."""
    found = []
    for mount in app.routes:
        if isinstance(mount, Mount) and isinstance(mount.app, FastAPI):
            for path, methods in mount.app.openapi()["paths"].items():
                if path.startswith("/v1"):
                    plain = re.sub(r"{\w+}", "1", path)
                    found += [(mount.path.strip("/"), method.upper(), plain) for method in methods]
    return found


async def ask(voxpop: httpx.AsyncClient, service: str, method: str, path: str, secret: str | None) -> int:
    """Return the status of one request."""
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return (await voxpop.request(method, f"/{service}{path}", headers=headers)).status_code


async def test_every_route_needs_a_key_with_its_scope(guarded: FastAPI) -> None:
    """Whatever stands under /v1: 401 without a key, 403 with a key of another scope; each service has such routes."""
    found = routes(guarded)
    assert {service for service, _, _ in found} == set(SERVICES)
    async with client_of(guarded) as voxpop:
        for service, method, path in found:
            reads_texts = service == "sentiment" and method in {"GET", "POST"}
            wrong = SECRETS["write" if reads_texts else "analyze"]
            assert await ask(voxpop, service, method, path, None) == 401, path
            assert await ask(voxpop, service, method, path, "vxp_guess") == 401, path
            assert await ask(voxpop, service, method, path, wrong) == 403, path
            assert await ask(voxpop, service, method, path, SECRETS["admin"]) not in {401, 403}, path


async def test_the_services_let_one_another_in(guarded: FastAPI) -> None:
    """With keys set, a post still travels through all services, by the key that they share."""
    post = {
        "platform": "x",
        "post_id": "1",
        "author": {"id": "2"},
        "text": "a fine flight",
        "created_at": "2026-02-01T10:00:00Z",
    }
    async with client_of(guarded, authorization=f"Bearer {SECRETS['write']}") as voxpop:
        answer = await voxpop.post("/ingest/v1/posts", json={"brand": "aerolume", "posts": [post]})
        assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}


def test_an_open_service_off_loopback_does_not_start(tmp_path: Path) -> None:
    """Without keys, any address but loopback is refused, with the reason and the remedy."""
    open_to_all = local_settings(data_dir=tmp_path, host="0.0.0.0")  # noqa: S104 - what is refused
    with pytest.raises(SettingsError, match="voxpop key new"):
        create_local_app(open_to_all)
