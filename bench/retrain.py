"""Seconds of a retrain on 100,000 synthetic profiles, from the request to published assignments."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import httpx

from bench.serving import serving
from services.cli.client import connect
from services.cli.clusters import train
from shared.analyzed_post import SCHEMA_VERSION

AUTHORS = 100_000
BATCH = 1000
BRAND = "bench"
SEED = 7


def main() -> None:
    """Print the figure."""
    asyncio.run(_measure())


async def _measure() -> None:
    with serving("up", ready="/clusters/readyz", VOXPOP_LOG_LEVEL="WARNING") as server:
        started = time.perf_counter()
        count = 0
        async with httpx.AsyncClient(base_url=f"{server.url}/profiles", timeout=60, trust_env=False) as http:
            for posts in _batches():
                body = {"schema_version": SCHEMA_VERSION, "posts": posts}
                (await http.post(f"/v1/brands/{BRAND}/posts", json=body)).raise_for_status()
                count += len(posts)
        filled = time.perf_counter() - started
        print(f"\nretrain: {AUTHORS} authors, {count} posts folded over HTTP, {count / filled:.0f} posts/s")
        stages: dict[str, float] = {}
        async with connect("clusters", server.url) as clusters:
            started = last = time.perf_counter()

            def watch(_: float, stage: str) -> None:
                nonlocal last
                now = time.perf_counter()
                stages[stage] = stages.get(stage, 0.0) + now - last
                last = now

            run = await train(clusters, BRAND, watch=watch)
            seconds = time.perf_counter() - started
    print(f"  {seconds:.1f} s from request to published; {run.get('reason')}")
    shares = ", ".join(f"{name} {spent:.1f} s" for name, spent in stages.items())
    print(f"  stages, polled twice a second: {shares}")


def _batches() -> Iterator[list[dict[str, Any]]]:
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    batch: list[dict[str, Any]] = []
    for author in range(AUTHORS):
        mood, habit, reach = dice.betavariate(0.6, 0.6), dice.randrange(24), dice.lognormvariate(5, 2)
        for number in range(min(50, 1 + int(dice.paretovariate(1.6) - 1))):
            batch.append(_post(dice, author, number, mood, habit, reach))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _post(dice: random.Random, author: int, number: int, mood: float, habit: int, reach: float) -> dict[str, Any]:
    score = min(1.0, max(0.0, dice.gauss(mood, 0.15)))
    label = "negative" if score < 0.35 else "positive" if score > 0.65 else "neutral"  # noqa: PLR2004 - made up
    hour = (habit + dice.randrange(4)) % 24
    return {
        "post_key": f"{author * 100 + number:032x}",
        "author_key": f"{author:032x}",
        "platform": "x",
        "hour": f"2026-01-{1 + dice.randrange(28):02}T{hour:02}:00:00Z",
        "analysis": {
            "sentiment": {"label": label, "score": score, "probabilities": {label: 1.0}},
            "subjectivity": dice.random(),
            "language": {"code": dice.choice(["en", "en", "en", "es", "de"]), "confidence": 0.9},
            "supported_language": True,
        },
        "account": {"followers": int(reach), "following": int(reach**0.7), "posts": int(reach * 3), "age_months": 30},
        "likes": int(dice.paretovariate(1.2)) - 1,
    }


if __name__ == "__main__":
    main()
