"""Imports over HTTP."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from services.profiles.transfer import backup_file
from services.profiles.transfer.spool import ImportSpool
from shared.access import digest_of
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.posts import key
from tests.unit.profiles.service import delivery, profiles_app, reached

PARQUET = {"content-type": "application/vnd.apache.parquet"}
OF = ("removals", "profiles", "buckets", "posts")
Change = Callable[[list[dict[str, Any]]], Any]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few rows be several chunks, of which the first ones are right."""
    monkeypatch.setattr(backup_file, "CHUNK_ROWS", 2)


@pytest.fixture
async def full(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return a client of a service that holds 60 posts of acme, and a removal."""
    removal = {"author_key": key(3), "through": "2015-02-25T00:00:00Z", "reason": "account deleted"}
    await client.post("/v1/brands/acme/removals", json={"schema_version": 1, "removals": [removal]})
    return client


@pytest.fixture
def other(tmp_path: Path) -> FastAPI:
    """Return a service that holds nothing."""
    return profiles_app(tmp_path / "other")


@pytest.fixture
async def empty(other: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the empty service."""
    async with reached(other) as opened:
        yield opened


async def export(client: httpx.AsyncClient, of: str, form: str = "parquet") -> bytes:
    """Return an export."""
    return (await client.get("/v1/brands/acme/export", params={"of": of, "format": form})).content


async def send(client: httpx.AsyncClient, contents: bytes, brand: str = "acme") -> httpx.Response:
    """Import a file."""
    return await client.post(f"/v1/brands/{brand}/import", content=contents, headers=PARQUET)


async def refused(client: httpx.AsyncClient, contents: bytes) -> str:
    """Import a file, assert that it is refused and nothing stored, and return the reason."""
    answer = await send(client, contents)
    assert answer.status_code == 422
    assert (await client.get("/v1/brands")).json()["items"] == []
    assert (await client.get("/v1/brands/acme/export")).status_code == 404
    detail: str = answer.json()["detail"]
    return detail


def rewritten(contents: bytes, change: Change) -> bytes:
    """Return a file whose rows were changed, with the schema that it had."""
    table = pq.read_table(io.BytesIO(contents))
    rows = table.to_pylist()
    rows = change(rows) or rows
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), sink)
    return sink.getvalue()


async def test_all_four_files_make_an_equal_service(full: httpx.AsyncClient, empty: httpx.AsyncClient) -> None:
    """Each answer says what was restored; then both export the same, and sending it all again changes nothing."""
    for of in OF:
        contents = await export(full, of)
        rows = pq.read_metadata(io.BytesIO(contents)).num_rows
        assert (await send(empty, contents)).json() == {"of": of, "restored": rows, "duplicates": 0}
    for of in OF:
        assert await export(empty, of, "jsonl") == await export(full, of, "jsonl")
        again = (await send(empty, await export(full, of))).json()
        assert again["of"] == of
    for of in OF:
        assert await export(empty, of, "jsonl") == await export(full, of, "jsonl")
    summaries = [(await client.get("/v1/brands/acme/summary")).json() for client in (full, empty)]
    assert summaries[0] == summaries[1]
    redelivered = (await empty.post("/v1/brands/acme/posts", json=delivery(crowd()))).json()
    assert redelivered == {"folded": 0, "duplicates": 60}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_forms_for_people_are_refused_with_the_remedy(
    full: httpx.AsyncClient, empty: httpx.AsyncClient, form: str
) -> None:
    """They do not hold what a restore needs."""
    assert "format=parquet" in await refused(empty, await export(full, "profiles", form))


async def test_what_is_no_whole_file_of_a_backup_is_refused(full: httpx.AsyncClient, empty: httpx.AsyncClient) -> None:
    """Cut off, damaged, empty, somebody else's, or of another schema version."""
    whole = await export(full, "posts")
    for length in (0, 3, 4, 100, len(whole) // 2, len(whole) - 1):
        await refused(empty, whole[:length])
    middle = len(whole) // 3
    damaged = whole[:middle] + bytes(200) + whole[middle + 200 :]
    assert "damaged" in await refused(empty, damaged)
    table = pq.read_table(io.BytesIO(whole))
    for metadata in (None, {**table.schema.metadata, b"voxpop_schema_version": b"2"}):
        sink = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(metadata), sink)
        assert "version" in await refused(empty, sink.getvalue())


@pytest.mark.parametrize(
    ("of", "column", "kind"), [("profiles", "score_sum", pa.int32()), ("posts", "post_key", pa.large_string())]
)
async def test_a_column_that_is_missing_or_of_another_type_is_named(
    full: httpx.AsyncClient, empty: httpx.AsyncClient, of: str, column: str, kind: pa.DataType
) -> None:
    """The sentence says which, and of which type it must be."""
    table = pq.read_table(io.BytesIO(await export(full, of)))
    place = table.schema.names.index(column)
    for changed in (
        table.drop_columns([column]),
        table.set_column(place, column, table.column(column).cast(kind, safe=False)),
    ):
        sink = io.BytesIO()
        pq.write_table(changed, sink)
        assert column in await refused(empty, sink.getvalue())


def _set(column: str, value: Any, place: int = 5) -> Change:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[place][column] = value(rows[place][column]) if callable(value) else value

    return change


@pytest.mark.parametrize(
    ("of", "change", "named"),
    [
        ("posts", _set("score", float("nan")), "row 6 of posts: analysis.sentiment.score"),
        ("posts", _set("post_key", "42"), "row 6 of posts: post_key"),
        ("posts", _set("author_key", "united_fan"), "author_key"),
        ("posts", _set("hour", lambda hour: hour.replace(minute=30)), "hour"),
        ("posts", _set("stored_at", None), "stored_at"),
        ("posts", _set("embedding", b"\1\2\3"), "another length"),
        ("posts", _set("embedding", bytes(4)), "embedding"),
        ("posts", _set("embedding_version", None), "embedding_version"),
        ("posts", _set("likes", -1), "likes"),
        ("posts", lambda rows: [*rows, rows[-1]], "stands twice"),
        ("posts", lambda rows: rows[::-1], "should come before"),
        ("profiles", _set("posts", 0), "row 6 of profiles: posts"),
        ("profiles", _set("score_sum", 10**12), "score_sum"),
        ("profiles", _set("score_squares", 10**30), "score_squares"),
        ("profiles", _set("posts", 2**53 + 1), "row 6 of profiles: posts"),
        ("profiles", _set("likes", 2**62 + 1), "row 6 of profiles: likes"),
        ("profiles", _set("replies", 10**14), "replies must be at most"),
        ("profiles", _set("reply_posts", 100), "reply_posts"),
        ("profiles", _set("languages", []), "languages"),
        ("profiles", _set("hours", [1] * 23), "hours"),
        ("profiles", _set("figures", [{"name": "age", "hour": 0, "value": 1}]), "figures"),
        ("profiles", _set("embeddings", [{"version": "mini-1", "posts": 1, "sums": b"12345"}]), "sums"),
        ("profiles", _set("platform", "usenet"), "platform"),
        ("buckets", _set("start", lambda start: start.replace(minute=1)), "start"),
        ("buckets", _set("voice", "inner"), "voice"),
        ("buckets", _set("posts", 2**53 + 1), "row 6 of buckets: posts"),
        ("buckets", _set("reposts", 10**15), "reposts must be at most"),
        ("buckets", _set("author_numbers", bytes(16)), "author_numbers"),
        ("buckets", _set("scored_posts", 10**6), "scored_posts"),
        ("removals", _set("through", None, 0), "through"),
    ],
)
async def test_a_row_that_is_wrong_is_named_and_nothing_is_stored(
    full: httpx.AsyncClient, empty: httpx.AsyncClient, of: str, change: Change, named: str
) -> None:
    """Not even the rows before it; and the sentence quotes no value."""
    detail = await refused(empty, rewritten(await export(full, of), change))
    assert named in detail
    assert "united_fan" not in detail
    assert "nothing was stored" in detail


async def test_a_file_that_is_too_large_is_refused_by_its_announcement_and_by_its_bytes(
    full: httpx.AsyncClient, empty: httpx.AsyncClient, other: FastAPI, tmp_path: Path
) -> None:
    """413 that names the setting; nothing is stored."""
    contents = await export(full, "posts")
    other.state.resources = replace(other.state.resources, imports=ImportSpool(tmp_path / "spool", len(contents) - 1))
    announced = await send(empty, contents)

    async def pieces() -> AsyncIterator[bytes]:
        yield contents[:100]
        yield contents[100:]

    streamed = await empty.post("/v1/brands/acme/import", content=pieces(), headers=PARQUET)
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert "PROFILES_IMPORT_MIB" in answer.json()["detail"]
    assert not list((tmp_path / "spool").iterdir())
    assert (await empty.get("/v1/brands")).json()["items"] == []


async def test_imports_come_one_at_a_time(empty: httpx.AsyncClient, other: FastAPI) -> None:
    """The second is asked to come back: two large files could fill the disk."""

    async def nothing() -> AsyncIterator[bytes]:
        for piece in _none():
            yield piece

    async with other.state.resources.imports.received(nothing()):
        answer = await send(empty, b"PAR1")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert (await send(empty, b"PAR1")).status_code == 422


def _none() -> Iterator[bytes]:
    yield from ()


async def test_an_import_needs_a_key_that_may_do_anything(tmp_path: Path) -> None:
    """Writing posts is not enough: a backup replaces the past."""
    keys = f"writer:read+write:{digest_of('one')},owner:admin:{digest_of('two')}"
    app = profiles_app(tmp_path / "keyed", api_keys=keys)
    async with reached(app) as client:
        for secret, status in (("one", 403), ("two", 422)):
            answer = await client.post(
                "/v1/brands/acme/import", content=b"x", headers=PARQUET | {"authorization": f"Bearer {secret}"}
            )
            assert answer.status_code == status
