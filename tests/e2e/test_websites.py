"""What a website can do to voxpop on the machine of a person who looks at it, tried against the running process."""

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Server

PATIENCE = 60.0
ERASURE = json.dumps({"platform": "x", "author_id": "42"})
EXPORT = "/profiles/v1/brands/aerolume/export?of=posts&format=jsonl"


def ask(url: str, head: str, body: str = "") -> int:
    """Send a request as it is written and return the status of the answer; `{port}` is the server's."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    lines = head.strip().format(port=port).splitlines()
    with socket.create_connection((host, port), PATIENCE) as connection:
        request = "\r\n".join([*(line.strip() for line in lines), "connection: close", "", body])
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])


def order(*lines: str) -> str:
    """Return the head of a request that asks for an erasure."""
    return "\n".join(["POST /ingest/v1/erasures HTTP/1.1", f"content-length: {len(ERASURE)}", *lines])


@pytest.fixture
def url(start: Callable[..., Server]) -> str:
    """Return the address of `voxpop up` without keys."""
    return start("open").url


def test_a_website_gets_nothing_and_orders_nothing(url: str) -> None:
    """Neither by a name of its own that leads here, nor by its pages' requests; the machine's own commands go on."""
    as_json = "content-type: application/json"
    ours = "host: localhost:{port}"
    rebound = "host: evil.example:{port}"
    assert ask(url, f"GET {EXPORT} HTTP/1.1\n{rebound}") == 421
    assert ask(url, order(rebound, as_json), ERASURE) == 421
    assert ask(url, order(rebound, as_json, "origin: http://evil.example:{port}"), ERASURE) == 421
    assert ask(url, "GET http://evil.example" + f"{EXPORT} HTTP/1.1\n{ours}") == 421
    assert ask(url, f"GET {EXPORT} HTTP/1.1\n{ours}\n{rebound}") == 400
    assert ask(url, f"GET {EXPORT} HTTP/1.1") == 400

    assert ask(url, f"GET {EXPORT} HTTP/1.1\n{ours}\nsec-fetch-site: cross-site") == 403
    assert ask(url, order(ours, "content-type: text/plain", "origin: https://evil.example"), ERASURE) == 403
    assert ask(url, order(ours, "content-type: text/plain", "origin: null"), ERASURE) == 403
    assert ask(url, order(ours, as_json, "origin: http://localhost:3000", "sec-fetch-site: same-site"), ERASURE) == 403
    assert ask(url, order(ours, "content-type: text/plain"), ERASURE) == 415
    assert ask(url, order(ours), ERASURE) == 415

    assert ask(url, f"GET /ingest/docs HTTP/1.1\n{ours}\nsec-fetch-site: cross-site") == 200
    assert ask(url, f"GET /profiles/v1/brands HTTP/1.1\n{ours}") == 200
    assert (
        ask(url, order(ours, as_json, "origin: http://localhost:{port}", "sec-fetch-site: same-origin"), ERASURE) == 202
    )
