"""A normal load, and attacks beside it every other slice: `python -m bench.attack_soak [MINUTES]` (30 by default).

`voxpop up` runs in a process of its own with the real model, keys and the default limits; the load has its own key.
Prints the 99th percentile of the load's answers for each slice, and exits 1 where the median of the attacked slices is
five times that of the quiet ones, or where a request of the load failed.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from bench.attacks import KEY
from bench.serving import serving
from bench.texts import sample_texts
from shared.access import digest_of, new_secret

SLICE_SECONDS: Final = 60.0
SETTLING_SECONDS: Final = 5.0
"""Between an attack and the next slice: what was asked for during the attack may be answered yet."""
EVERY_SECONDS: Final = 0.2
MOST: Final = 5.0
FEED: Final = b"<rss version='2.0'><channel><title>t</title><item><title>acme is late</title></item></channel></rss>"
HOSTILE_FEEDS: Final = (
    b"<rss>" + b" " * 2_000_000,
    b"<!DOCTYPE" * 200_000,
    b"<rss version='2.0'><channel><item>" + b"<author>" * 200_000,
    b"<rss version='2.0'><channel><item><title>&#" + b"9" * 5_000 + b";</title></item></channel></rss>",
    b"<rss version='2.0'><channel><item><title>&#99999999999999999999;</title></item></channel></rss>",
)


@dataclass
class Slice:
    """What the load saw in one slice: milliseconds of each answer, and answers that are none."""

    attacked: bool
    milliseconds: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def p99(self) -> float:
        """The 99th percentile in milliseconds."""
        return statistics.quantiles(self.milliseconds, n=100)[98]


def main() -> int:
    """Run the slices, print them and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.attack_soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    load_key, attack_key = new_secret(), new_secret()
    keys = {"load": ("analyze+read+write+admin", load_key), "attack": ("analyze+read+write", attack_key)}
    environment = {
        "VOXPOP_API_KEYS": ",".join(f"{name}:{scopes}:{digest_of(key)}" for name, (scopes, key) in keys.items()),
        "VOXPOP_LOG_LEVEL": "ERROR",
        "FEED_INTERVAL_SECONDS": "60",
        "FEED_PRIVATE_ADDRESSES": "true",
    }
    with serving("up", ready="/sentiment/readyz", **environment) as server:
        slices = asyncio.run(_soak(server.url, load_key, attack_key, minutes))
    quiet, attacked = (statistics.median(one.p99 for one in slices if one.attacked is so) for so in (False, True))
    failed = sum((one.failed for one in slices), Counter[str]())
    print(f"p99 of the load: {quiet:.0f} ms quiet, {attacked:.0f} ms attacked, {attacked / quiet:.2f} times")
    if failed:
        print(f"requests of the load that failed: {dict(failed)}")
    return 1 if failed or attacked >= MOST * quiet else 0


async def _soak(url: str, load_key: str, attack_key: str, minutes: float) -> list[Slice]:
    slices: list[Slice] = []
    hostile = asyncio.Event()
    headers = {"authorization": f"Bearer {load_key}"}
    feeds = await asyncio.start_server(lambda reader, writer: _feed(reader, writer, hostile), "127.0.0.1", 0)
    async with feeds, httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        await _prepare(client, feeds.sockets[0].getsockname()[1])
        await _load(client, Slice(attacked=False), SLICE_SECONDS / 4)
        for attacked in itertools.islice(itertools.cycle((False, True)), max(2, round(minutes * 60 / SLICE_SECONDS))):
            one = Slice(attacked)
            (hostile.set if attacked else hostile.clear)()
            with _attack(url, attack_key) if attacked else _nothing() as seen:
                await _load(client, one, SLICE_SECONDS)
            slices.append(one)
            what = "attacked" if attacked else "quiet"
            print(f"{what:9}{len(one.milliseconds):6} answers, p99 {one.p99:7.0f} ms {json.dumps(seen)}", flush=True)
            await asyncio.sleep(SETTLING_SECONDS)
    return slices


async def _prepare(client: httpx.AsyncClient, feed_port: int) -> None:
    """Declare the brand, with feeds that turn hostile, and post enough for every question to have an answer."""
    places = [f"http://127.0.0.1:{feed_port}/{number}.xml" for number in range(len(HOSTILE_FEEDS))]
    brand = {"keywords": ["acme"], "feeds": [{"url": place, "everything": True} for place in places]}
    (await client.put("/ingest/v1/brands/acme", json=brand)).raise_for_status()
    (await client.post("/ingest/v1/streams", json={"brand": "acme", "source": "feed"})).raise_for_status()
    for start in range(0, 400, 50):
        (await client.post("/ingest/v1/posts", json=_posts(start, 50))).raise_for_status()


def _posts(start: int, count: int) -> dict[str, object]:
    texts = sample_texts()
    return {
        "brand": "acme",
        "posts": [
            {
                "platform": "x",
                "post_id": str(10**6 + number),
                "author": {"id": str(number % 150), "followers": number % 997},
                "text": texts[number % len(texts)],
                "created_at": "2026-03-02T10:00:00Z",
            }
            for number in range(start, start + count)
        ],
    }


def _requests() -> Iterator[tuple[str, str, object]]:
    """Yield what people ask for in turns: texts mostly, posts, and pages of figures."""
    numbers = itertools.count(1000, 5)
    texts = itertools.cycle(sample_texts())
    while True:
        for path in ("summary", "timeline?bucket=day", "profiles?limit=50", "trending", "languages"):
            yield "POST", "/sentiment/v1/sentiment", {"text": next(texts)}
            yield "POST", "/sentiment/v1/analyze", {"texts": [next(texts) for _ in range(4)]}
            yield "POST", "/ingest/v1/posts", _posts(next(numbers), 5)
            yield "GET", f"/profiles/v1/brands/acme/{path}", None


async def _load(client: httpx.AsyncClient, into: Slice, seconds: float) -> None:
    """Ask at a steady rate, whether or not the answers before have come."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as group:
        for number, (method, path, body) in zip(range(int(seconds / EVERY_SECONDS)), _requests(), strict=False):
            await asyncio.sleep(started + number * EVERY_SECONDS - loop.time())
            group.create_task(_ask(client, method, path, body, into))


async def _ask(client: httpx.AsyncClient, method: str, path: str, body: object, into: Slice) -> None:
    started = time.perf_counter()
    try:
        response = await client.request(method, path, json=body)
        if not response.is_success:
            into.failed[f"{path}: {response.status_code}"] += 1
    except httpx.TransportError as fault:
        into.failed[f"{path}: {type(fault).__name__}"] += 1
    into.milliseconds.append((time.perf_counter() - started) * 1000)


async def _feed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hostile: asyncio.Event) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        writer.close()
        return
    number = int(head.split(b".", 1)[0].rsplit(b"/", 1)[1])
    body = HOSTILE_FEEDS[number] if hostile.is_set() else FEED
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    writer.write(answer % len(body) + body)
    try:
        await writer.drain()
    finally:
        writer.close()


@contextmanager
def _attack(url: str, key: str) -> Iterator[dict[str, int]]:
    """Attack while the block runs, and for the slice at the most; what was seen is there after the block."""
    command = [sys.executable, "-m", "bench.attacks", url, str(SLICE_SECONDS - 1)]
    seen: dict[str, int] = {}
    with subprocess.Popen(command, env={**os.environ, KEY: key}, stdout=subprocess.PIPE) as attacker:  # noqa: S603 - our own command
        yield seen
        said, _ = attacker.communicate(timeout=SLICE_SECONDS)
        seen.update(json.loads(said))


@contextmanager
def _nothing() -> Iterator[dict[str, int]]:
    yield {}


if __name__ == "__main__":
    sys.exit(main())
