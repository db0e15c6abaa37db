"""Bodies that are large, hostile, or no JSON at all."""

import gzip
import json
import threading
from typing import Any

import httpx
import pytest

from shared.access import Scope
from shared.web import bodies
from shared.web.bodies import BodyReader
from tests.unit.shared.example_service import ALL_KEYS, bearer, client, example_app, secret_of

JSON = {"content-type": "application/json"}


async def put(content: bytes, **headers: str) -> httpx.Response:
    """Order something with a body of these bytes."""
    async with client(example_app(api_keys=ALL_KEYS if headers else "")) as http:
        return await http.post("/v1/scoped/write/orders", content=content, headers=JSON | headers)


async def faults(content: bytes) -> list[dict[str, Any]]:
    """Return the errors of a refusal, which must be small."""
    response = await put(content)
    assert response.status_code == 422, response.text
    assert len(response.content) < 10_000
    errors: list[dict[str, Any]] = response.json()["errors"]
    return errors


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b'{"count": 1, "more": [' + b"[]," * 500 + b"[]]}", "lists and objects"),
        (b'{"count": 1, "more": [' + b"1," * 500 + b"1]}", "values and keys"),
        (b'{"count": ' + b"[" * 33 + b"]" * 33 + b"}", "in one another"),
        (b'{"count": ' + b"[" * 90_000, "lists and objects"),
        (b'{"count": 1, "code": "\xff"}', "is not valid JSON: invalid unicode code point at line 1 column 23"),
        ('{"count": 1}'.encode("utf-16"), "is not valid JSON"),
        (gzip.compress(b'{"count": 1}', mtime=0), "is not valid JSON"),
        (b'{"count": ' + b"9" * 5000 + b"}", "number out of range"),
        (b'{"code": "\\ud83d", "count": ' + b"9" * 5000 + b"}", "more than 400 digits"),
        (b'{"code": "\\ud83d", "count": 0.' + b"9" * 5000 + b"}", "more than 400 digits"),
        (b'{"code": "\\ud83d\xff"}', "is not in UTF-8"),
        (b'{"code": "\\ud83d", ', "is not valid JSON: Expecting property name"),
        (b"{}{}", "trailing characters"),
        (b"\x00", "is not valid JSON"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_with_a_sentence(content: bytes, word: str) -> None:
    """Without a word of it, and without making anything of it first."""
    (error,) = await faults(content)
    assert error["loc"] == ["body"]
    assert word in error["msg"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"count": 1e400}', "count"),
        (b'{"count": NaN}', "count"),
        (b'{"count": -Infinity}', "count"),
        (b'{"count": 1, "code": "\\ud83d"}', "code"),
        (b'{"count": 1, "count": "x"}', "count"),
        (b'{"count": {"\\ud83d": 1}}', "count"),
        (b'{"count": 1, "code": "' + b"a" * 200_000 + b'1"}', "code"),
    ],
)
async def test_a_value_that_is_wrong_is_named(content: bytes, field: str) -> None:
    """Also where the body holds half a character, which a fast parser would refuse without saying where."""
    (error,) = await faults(content)
    assert error["loc"] == ["body", field]


async def test_a_byte_order_mark_is_passed_over() -> None:
    """Editors write one."""
    assert (await put(b'\xef\xbb\xbf{"count": 3}')).json() == 3


async def test_of_fields_that_are_not_known_the_first_is_named() -> None:
    """Not each of thousands, and not at the length that they have."""
    names = [f"{'x' * 300}{number}" for number in range(40)]
    errors = await faults(json.dumps({"count": 1, **dict.fromkeys(names)}).encode())
    assert errors == [{"loc": ["body", "x" * 64], "msg": "Extra inputs are not permitted"}]


async def test_a_scope_is_asked_before_the_body_is_judged() -> None:
    """A key that may not write learns nothing of what it sent."""
    assert (await put(b"{", **bearer(secret_of(Scope.READ)))).status_code == 403
    assert (await put(b"{", **bearer(secret_of(Scope.WRITE)))).status_code == 422
    assert (await put(b'{"count": 2}', **bearer(secret_of(Scope.WRITE)))).json() == 2


async def test_a_large_body_is_read_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one is read where it comes: a change of threads would cost more than it."""
    where: list[bool] = []
    read = BodyReader.read

    def watched(reader: BodyReader, body: bytes) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        return read(reader, body)

    monkeypatch.setattr(BodyReader, "read", watched)
    body = b'{"count": 5' + b" " * bodies.MOST_ON_LOOP + b"}"
    assert (await put(body)).json() == 5
    assert (await put(body[:20] + b"}")).json() == 5
    assert where == [False, True]


async def test_the_same_error_stands_once() -> None:
    """Though a path's brand is asked for by the route and by what it depends on."""
    async with client(example_app()) as http:
        response = await http.get("/v1/twice/not-a-number")
    assert len(response.json()["errors"]) == 1
