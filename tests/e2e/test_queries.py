"""Query parameters, across the four services."""

from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from services.local import SERVICES, create_local_app, local_settings


def routes(voxpop: FastAPI) -> list[tuple[str, str, str]]:
    """Return every route under `/v1` as service, method and path, as the routes themselves say."""
    mounts = [(mount.path, mount.routes or []) for mount in voxpop.routes if isinstance(mount, Mount)]
    return [
        (prefix.strip("/"), method, prefix + route.path.translate(str.maketrans("", "", "{}")))
        for prefix, within in mounts
        for route in within
        if isinstance(route, APIRoute) and route.path.startswith("/v1")
        for method in route.methods or ()
    ]


async def test_every_route_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """Whatever stands under `/v1`: 422 that names the parameter, before anything is opened or looked up."""
    voxpop = create_local_app(local_settings(data_dir=tmp_path))
    found = routes(voxpop)
    assert {service for service, _, _ in found} == set(SERVICES)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(voxpop), base_url="http://voxpop") as http:
        for _, method, path in found:
            answer = await http.request(method, path, params={"mispelt": "1"})
            assert answer.status_code == 422, (method, path, answer.text)
            assert answer.json()["errors"][0]["loc"] == ["query", "mispelt"]
