"""Exports over HTTP."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from services.profiles.kept import KeptProfile
from services.profiles.transfer import export
from shared.access import digest_of
from shared.errors import PeerUnavailableError
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.service import delivery, profiles_app, reached, served

EXPORT = "/v1/brands/acme/export"


class _FailingStore:
    """A store that is lost after so many pages of profiles."""

    def __init__(self, store: Any, pages_before: int) -> None:
        self._store, self._left = store, pages_before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        if not self._left:
            raise PeerUnavailableError("store", "the store does not answer")
        self._left -= 1
        found: list[KeptProfile] = await self._store.kept_profiles(brand, after, limit)
        return found


def _lose_store(app: FastAPI, pages_before: int) -> None:
    resources = app.state.resources
    app.state.resources = replace(resources, store=_FailingStore(resources.store, pages_before))


async def test_an_export_is_a_file_with_a_name(client: httpx.AsyncClient) -> None:
    """A browser keeps it under the brand's and the table's name; without parameters it is CSV of profiles."""
    answer = await client.get(EXPORT)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="acme-profiles.csv"'
    assert len(answer.text.splitlines()) == 11


async def test_from_and_to_choose_posts_by_hour(client: httpx.AsyncClient) -> None:
    """`from` is in it and `to` is not, and keys without a date are left out."""
    await client.post(
        "/v1/brands/acme/removals",
        json={"schema_version": 1, "removals": [{"post_key": "f" * 32, "reason": "deleted"}]},
    )
    query = {"of": "posts", "format": "parquet", "from": "2015-02-25T00:00:00Z", "to": "2015-02-26T00:00:00+00:00"}
    table = pq.read_table(io.BytesIO((await client.get(EXPORT, params=query)).content))
    assert {str(date) for date in table["date"].to_pylist()} == {"2015-02-25"}
    everything = pq.read_table(
        io.BytesIO((await client.get(EXPORT, params={"of": "posts", "format": "parquet"})).content)
    )
    assert (everything.num_rows, everything["date"].null_count) == (61, 1)
    assert everything["date"].to_pylist()[-1] is None


@pytest.mark.parametrize(
    "query",
    [
        {"of": "people"},
        {"format": "xlsx"},
        {"of": "profiles", "from": "2015-02-25T00:00:00Z"},
        {"of": "posts", "from": "2015-02-25"},
        {"of": "posts", "from": "2015-02-26T00:00:00Z", "to": "2015-02-25T00:00:00Z"},
    ],
)
async def test_a_wrong_question_is_refused(client: httpx.AsyncClient, query: dict[str, str]) -> None:
    """With the parameter's name."""
    answer = await client.get(EXPORT, params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "query"


async def test_an_unknown_brand_is_not_found(client: httpx.AsyncClient) -> None:
    """A misspelt brand gives no empty file."""
    assert (await client.get("/v1/brands/acne/export")).status_code == 404
    assert (await client.get("/v1/brands/..%2f/export")).status_code in {404, 422}


async def test_a_brand_of_removals_alone_can_be_exported(client: httpx.AsyncClient) -> None:
    """What must stay away belongs into a backup, even where nothing else is left."""
    removal = {"author_key": "a" * 32, "through": "2015-02-25T00:00:00Z", "reason": "account deleted"}
    await client.post("/v1/brands/gone/removals", json={"schema_version": 1, "removals": [removal]})
    answer = await client.get("/v1/brands/gone/export", params={"of": "removals", "format": "jsonl"})
    assert answer.json() == {
        "schema_version": 1,
        "kind": "removed",
        "author_key": "a" * 32,
        "through": "2015-02-25T00:00:00Z",
    }


async def test_a_store_that_is_away_is_told_before_the_file_begins(client: httpx.AsyncClient, app: FastAPI) -> None:
    """A problem, not a file that breaks off."""
    _lose_store(app, 0)
    assert (await client.get(EXPORT)).status_code == 503


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_store_that_is_lost_in_the_middle_breaks_the_transfer(
    app: FastAPI, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a real connection no client takes the part for the whole."""
    monkeypatch.setattr(export, "PAGE", 3)
    with served(app) as url, httpx.Client(base_url=f"{url}/profiles", trust_env=False) as client:
        client.post("/v1/brands/acme/posts", json=delivery(crowd()))
        whole = client.get(EXPORT, params={"format": form})
        assert whole.is_success
        _lose_store(app, 2)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(EXPORT, params={"format": form})


async def test_an_export_needs_a_key_that_may_read(tmp_path: Path) -> None:
    """A browser's key for sentiment opens no export."""
    keys = f"browser:analyze:{digest_of('one')},reader:read:{digest_of('two')}"
    app = profiles_app(tmp_path / "keyed", api_keys=keys)
    async with reached(app) as client:
        for secret, status in (("one", 403), ("two", 404)):
            answer = await client.get(EXPORT, headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == status


@pytest.mark.parametrize("of", ["profiles", "posts", "buckets", "removals"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_backups_and_removals_need_a_key_that_may_do_anything(tmp_path: Path, of: str, form: str) -> None:
    """They have keys of posts and authors who are gone, of every brand; tables for people are open to analysts."""
    keys = f"reader:read+evidence:{digest_of('one')},owner:admin:{digest_of('two')}"
    app = profiles_app(tmp_path / "keyed", api_keys=keys)
    async with reached(app) as client:
        await app.state.resources.store.fold("acme", crowd())
        for secret, opens in (("one", form != "parquet" and of != "removals"), ("two", True)):
            query = {"of": of, "format": form}
            answer = await client.get(EXPORT, params=query, headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == (200 if opens else 403)
            assert opens or "'admin'" in answer.json()["detail"]


class _UnreadConnection:
    """A client that asks for an export and reads no more than the head, until it `goes`."""

    def __init__(self, app: FastAPI, form: str) -> None:
        self.began, self.gone = asyncio.Event(), asyncio.Event()
        query, headers = f"format={form}".encode(), [(b"host", b"profiles")]
        path = {"path": EXPORT, "raw_path": EXPORT.encode(), "root_path": "", "query_string": query}
        kind = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1"}
        scope = {
            **kind,
            **path,
            "method": "GET",
            "scheme": "http",
            "headers": headers,
            "client": ("::1", 1),
            "state": {},
        }
        self.answering = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.began.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_exports_that_are_not_read_keep_so_many_places_and_no_more(tmp_path: Path, form: str) -> None:
    """Past the limit it is 503, with seconds to wait; a client that is gone, and an export that failed, hold none."""
    app = profiles_app(tmp_path / "narrow", exports=2)
    async with reached(app) as client:
        await app.state.resources.store.fold("acme", crowd())
        unread = [_UnreadConnection(app, form) for _ in range(2)]
        for one in unread:
            await one.began.wait()
        refused = await client.get(EXPORT)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "15")
        for one in unread:
            one.gone.set()
            await one.answering
        resources = app.state.resources
        _lose_store(app, 0)
        assert [(await client.get(EXPORT)).status_code for _ in range(3)] == [503] * 3
        app.state.resources = resources
        assert [(await client.get(EXPORT)).status_code for _ in range(3)] == [200] * 3
