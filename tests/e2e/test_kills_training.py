"""SIGKILL of the service, or of its worker process, in any stage of a run: the run before stays served."""

import asyncio
import io
import os
import shutil
import signal
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.upload import upload
from services.ingest.sample import BRAND, sample_path
from services.ingest.sources.file import open_file
from tests.e2e.conftest import Server
from tests.e2e.dying_process import DYING, SEED

STAGES = ("reading", "scaling", "searching k", "describing", "assigning", "publishing", "published")
POSTS = 150
CLUSTERS = f"/clusters/v1/brands/{BRAND}/clusters"
RUNS = f"/clusters/v1/brands/{BRAND}/runs"


def client_of(server: Server) -> httpx.AsyncClient:
    """Return a client of the server's port."""
    return httpx.AsyncClient(base_url=server.url, timeout=120)


async def events_of(http: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    """Follow a run to its end and return it."""
    async with http.stream("GET", f"/clusters/v1/runs/{run_id}/events", timeout=None) as stream:
        async for _ in stream.aiter_lines():
            pass
    run: dict[str, Any] = (await http.get(f"/clusters/v1/runs/{run_id}")).json()
    return run


async def reached(http: httpx.AsyncClient, run_id: str, stage: str) -> None:
    """Wait until a run is in a stage."""
    async with http.stream("GET", f"/clusters/v1/runs/{run_id}/events", timeout=None) as stream:
        async for line in stream.aiter_lines():
            if f'"stage": "{stage}"' in line:
                return


async def trained(http: httpx.AsyncClient, seed: int) -> dict[str, Any]:
    """Train to the end."""
    submitted = await http.post(RUNS, json={"k": 2, "seed": seed})
    return await events_of(http, submitted.json()["run_id"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with posts of which a run is served."""
    folder = tmp_path_factory.mktemp("prepared")
    server = Server(folder)
    try:
        asyncio.run(_prepare(server))
    finally:
        server.stop()
    return folder


async def _prepare(server: Server) -> None:
    with open_file(str(sample_path()), {}, None, io.BytesIO()) as source:
        rows = list(islice(source.rows, POSTS))
    async with httpx.AsyncClient(base_url=f"{server.url}/ingest", timeout=120) as http:
        await upload(rows, BRAND, http, lambda _: None)
    async with client_of(server) as http:
        assert (await trained(http, 0))["status"] == "succeeded"


async def served(http: httpx.AsyncClient) -> tuple[str, dict[str, int]]:
    """Return which run is served, and each author's cluster at profiles."""
    cards = (await http.get(CLUSTERS)).json()
    page = (await http.get(f"/profiles/v1/brands/{BRAND}/profiles", params={"limit": 1000})).json()
    return cards["run_id"], {one["author_key"]: one["clusters"].get("behaviour") for one in page["items"]}


def workers_of(folder: Path) -> list[int]:
    """Return the worker processes of the service whose data are in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (process / "cmdline").read_bytes(), (process / "cwd").readlink()
        except OSError:
            continue
        if b"services.clusters.worker.child" in command and environment == folder:
            found.append(int(process.name))
    return found


class DyingServer(Server):
    """A server that kills itself in a stage of a run."""

    MODULE = "tests.e2e.dying_process"


@pytest.mark.parametrize("stage", STAGES)
async def test_a_service_killed_while_it_trains_serves_the_run_before(
    start: Callable[[str], Server], prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """At the next start the dead run says failed at once, cards and profiles are those before, and training works."""
    folder = tmp_path / "killed"
    shutil.copytree(prepared, folder)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv(DYING, stage)
    victim = DyingServer(folder)
    async with client_of(victim) as http:
        kept = await served(http)
        dead = (await http.post(RUNS, json={"k": 3, "seed": SEED})).json()["run_id"]
    assert victim.wait() == -signal.SIGKILL
    async with client_of(start("killed")) as http:
        ended = await events_of(http, dead)
        assert (ended["status"], "interrupted" in ended["error"]) == ("failed", True)
        assert await served(http) == kept
        assert workers_of(folder) == []
        assert (await trained(http, 1))["status"] == "succeeded"


async def test_a_worker_that_is_killed_fails_its_run_alone(
    start: Callable[[str], Server], prepared: Path, tmp_path: Path
) -> None:
    """The service goes on, the run says why, the run before is served, and the next one succeeds."""
    shutil.copytree(prepared, tmp_path / "survivor")
    server = start("survivor")
    async with client_of(server) as http:
        kept = await served(http)
        run_id = (await http.post(RUNS, json={"seed": SEED})).json()["run_id"]
        await reached(http, run_id, "scaling")
        for process in workers_of(tmp_path / "survivor"):
            os.kill(process, signal.SIGKILL)
        ended = await events_of(http, run_id)
        assert (ended["status"], "more memory" in ended["error"]) == ("failed", True)
        assert await served(http) == kept
        assert (await trained(http, 1))["status"] == "succeeded"
