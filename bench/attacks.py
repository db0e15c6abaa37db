"""What attackers send, over and over for some seconds: `python -m bench.attacks URL SECONDS`, key in VOXPOP_ATTACK_KEY.

Each attack is one coroutine that repeats itself with a short pause, all at once. They stop by themselves, and go to no
other address than the one given, which must be of this machine.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

KEY: Final = "VOXPOP_ATTACK_KEY"
PAUSE_SECONDS: Final = 0.25
_OWN: Final = frozenset({"127.0.0.1", "::1"})
HALF_OPEN: Final = 40
"""Connections that one attack leaves half open at a time."""
MEBIBYTE: Final = 2**20
_HEADERS: Final = {"content-type": "application/json"}
_ROUTES: Final = (
    "/sentiment/v1/analyze",
    "/sentiment/v1/sentiment",
    "/ingest/v1/posts",
    "/ingest/v1/erasures",
    "/ingest/v1/streams",
    "/profiles/v1/brands/acme/posts",
    "/clusters/v1/brands/acme/runs",
)

Attack = Callable[[httpx.AsyncClient, "Counter[str]"], Awaitable[None]]


def hostile_bodies() -> Mapping[str, bytes]:
    """Return bodies that are dear to parse or to find fault with, 1 to 8 MiB each."""
    zeros = b"0," * (MEBIBYTE // 2)
    return {
        "targets": b'{"texts":["a"],"targets":[' + zeros + b"0]}",
        "texts": b'{"texts":[' + zeros + b"0]}",
        "unknown fields": b"{" + b",".join(b'"f%d":0' % number for number in range(100_000)) + b"}",
        "empties": b'{"posts":[' + b"[]," * (2 * MEBIBYTE) + b"[]]}",
        "objects": b'{"posts":[' + b"{}," * (MEBIBYTE // 2) + b"{}]}",
        "deep": b"[" * MEBIBYTE,
        "number": b'{"text":' + b"9" * MEBIBYTE + b"}",
        "no JSON": b"\xff" * MEBIBYTE,
    }


BODIES: Final = hostile_bodies()
LONG: Final = [f"{number} " + "late again and nobody tells us anything " * 240 for number in range(512)]


async def send_bodies(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Send each hostile body to each route."""
    for name, body in BODIES.items():
        for route in _ROUTES:
            response = await client.post(route, content=body, headers=_HEADERS)
            seen[f"body {name}: {response.status_code}"] += 1
            await asyncio.sleep(PAUSE_SECONDS)


async def ask_much(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Ask for 512 long texts three times at once."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(client.post("/sentiment/v1/analyze", json={"texts": LONG})) for _ in range(3)]
    for task in asked:
        seen[f"512 long texts: {task.result().status_code}"] += 1
    await asyncio.sleep(PAUSE_SECONDS)


async def send_gzip(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Send a body that unpacks to a thousand times its size, as a body and as an import."""
    bomb = gzip.compress(b"0" * (64 * MEBIBYTE))
    for route, kind in (("/ingest/v1/posts", "application/json"), ("/profiles/v1/brands/acme/import", "text/csv")):
        packed = {"content-type": kind, "content-encoding": "gzip"}
        response = await client.post(route, content=bomb, headers=packed)
        seen[f"gzip bomb: {response.status_code}"] += 1
    await asyncio.sleep(PAUSE_SECONDS)


async def ask_as_a_website(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Ask under another host's name and from another origin."""
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        response = await client.get("/profiles/v1/brands", headers=headers)
        seen[f"{next(iter(headers))}: {response.status_code}"] += 1
    await asyncio.sleep(PAUSE_SECONDS)


async def ask_oddly(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Ask with parameters and cursors that are none."""
    for query in ("limit=999999", "cursor=" + "A" * 4000, "nonsense=1", "limit=1&limit=2", "sort=%00"):
        response = await client.get(f"/profiles/v1/brands/acme/profiles?{query}")
        seen[f"odd query: {response.status_code}"] += 1
    await asyncio.sleep(PAUSE_SECONDS)


async def retrain(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Ask for trainings, one after the other."""
    response = await client.post("/clusters/v1/brands/acme/runs", json={"seed": seen.total() % 1000})
    seen[f"retrain: {response.status_code}"] += 1
    await asyncio.sleep(8 * PAUSE_SECONDS)


async def hold_connections(client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    """Leave requests half sent: a head without its end, a body without its end, an import that stops."""
    place = urlsplit(str(client.base_url))
    assert place.hostname and place.port  # noqa: PT018, S101 - checked in `main`
    key = client.headers["authorization"]
    common = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {key}\r\nContent-Type"
    heads = (
        "GET /profiles/v1/brands HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        f"POST /ingest/v1/posts {common}: application/json\r\nContent-Length: 100000\r\n\r\n{{",
        f"POST /profiles/v1/brands/acme/import {common}: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nplatf\r\n",
    )
    async with contextlib.AsyncExitStack() as stack:
        for number in range(HALF_OPEN):
            _, writer = await asyncio.open_connection(place.hostname, place.port)
            stack.callback(writer.close)
            writer.write(heads[number % len(heads)].encode())
            seen["half-open connections"] += 1
        await asyncio.sleep(20 * PAUSE_SECONDS)


ATTACKS: Final[tuple[Attack, ...]] = (
    send_bodies,
    ask_much,
    send_gzip,
    ask_as_a_website,
    ask_oddly,
    retrain,
    hold_connections,
)


async def attack(url: str, key: str, seconds: float) -> "Counter[str]":
    """Attack a server of this machine for some seconds and return how often each answer was seen."""
    seen: Counter[str] = Counter()
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=seconds, trust_env=False) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for one in ATTACKS:
                    group.create_task(_repeated(one, client, seen))
    return seen


async def _repeated(one: Attack, client: httpx.AsyncClient, seen: "Counter[str]") -> None:
    while True:
        try:
            await one(client, seen)
        except* (httpx.TransportError, OSError) as fault:
            seen[f"{one.__name__}: {type(fault.exceptions[0]).__name__}"] += 1
            await asyncio.sleep(PAUSE_SECONDS)


def main() -> None:
    """Attack, and print what was seen as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("url", help="http://127.0.0.1:PORT: no other machine is attacked")
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()
    place = urlsplit(arguments.url)
    if place.hostname not in _OWN or not place.port:
        parser.error("only an address of this machine's own is attacked: http://127.0.0.1:PORT")
    if KEY not in os.environ:
        parser.error(f"put a key with the scopes analyze, read and write into {KEY}")
    print(json.dumps(asyncio.run(attack(arguments.url, os.environ[KEY], arguments.seconds))))


if __name__ == "__main__":
    main()
