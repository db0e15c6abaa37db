"""A key that asks for one text after another, with and without hostile requests beside: `python -m bench.fairness`.

Three hostile requests at a time have 512 texts of 10,000 characters each, all with one other key, and are sent anew
once they are answered or refused. Slices alternate. Prints medians of the slices' p99, exits 1 where it grew fivefold.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from bench.serving import serving
from bench.texts import sample_texts
from shared.access import digest_of, new_secret

SLICES: Final = 3
"""Of each kind."""
ASKED: Final = 200
"""Texts a slice."""
HOSTILE_REQUESTS: Final = 3
HOSTILE_TEXTS: Final = tuple(f"{number} {'wonderful flight and again ' * 400}"[:10_000] for number in range(512))
MOST: Final = 5.0


def main() -> int:
    """Run the slices, print them and return the exit status."""
    light, hostile = new_secret(), new_secret()
    keys = ",".join(f"{name}:analyze:{digest_of(key)}" for name, key in (("light", light), ("hostile", hostile)))
    environment = {
        "VOXPOP_API_KEYS": keys,
        "VOXPOP_LOG_LEVEL": "ERROR",
        "VOXPOP_RATE_LIMIT": "1000000/second",
        "SENTIMENT_TOKEN_RATE": "1000000000/second",
        "SENTIMENT_CACHE_TEXTS": "0",
    }
    with serving("serve", "sentiment", ready="/readyz", **environment) as server:
        quiet, beside = asyncio.run(_slices(server.url, light, hostile))
    print(f"p99 of a light key: {quiet:.1f} ms alone, {beside:.1f} ms beside, {beside / quiet:.2f} times")
    return 1 if beside >= MOST * quiet else 0


async def _slices(url: str, light: str, hostile: str) -> tuple[float, float]:
    """Return the medians of the slices' p99 in milliseconds, alone and beside the hostile requests."""
    seen: dict[bool, list[float]] = {False: [], True: []}
    texts = itertools.cycle(sample_texts())
    async with _client(url, light) as client:
        await _p99(client, texts)
        for attacked in [False, True] * SLICES:
            if attacked:
                async with _attack(url, hostile) as answered:
                    seen[True].append(await _p99(client, texts))
            else:
                seen[False].append(await _p99(client, texts))
            told = f"  hostile requests: {dict(answered)}" if attacked else ""
            print(f"{'beside' if attacked else 'alone':8}p99 {seen[attacked][-1]:7.1f} ms{told}", flush=True)
    return statistics.median(seen[False]), statistics.median(seen[True])


async def _p99(client: httpx.AsyncClient, texts: Iterator[str]) -> float:
    milliseconds = []
    for text in itertools.islice(texts, ASKED):
        started = time.perf_counter()
        (await client.post("/v1/analyze", json={"texts": [text]})).raise_for_status()
        milliseconds.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(milliseconds, n=100)[98]


@asynccontextmanager
async def _attack(url: str, key: str) -> AsyncIterator[Counter[int]]:
    """Keep three hostile requests in flight; yields how many ended, by status."""
    ended: Counter[int] = Counter()
    async with _client(url, key) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_flood(client, ended)) for _ in range(HOSTILE_REQUESTS)]
        # All three are read and in the queue before the slice begins.
        await asyncio.sleep(2)
        yield ended
        for task in tasks:
            task.cancel()


async def _flood(client: httpx.AsyncClient, ended: Counter[int]) -> None:
    while True:
        answer = await client.post("/v1/analyze", json={"texts": HOSTILE_TEXTS})
        ended[answer.status_code] += 1
        await asyncio.sleep(float(answer.headers.get("retry-after", 0)))


def _client(url: str, key: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=300, trust_env=False)


if __name__ == "__main__":
    sys.exit(main())
