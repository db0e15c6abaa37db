"""How long `/summary` and `/timeline` take for a brand of ten thousand and of five million posts."""

import logging
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

import httpx
import structlog

from services.profiles.app import create_app
from services.profiles.author_sketch import sketch
from services.profiles.folding import Increment
from services.profiles.kept import KeptBucket, KeptProfile
from services.profiles.profile import Profile
from services.profiles.rollup import DAY_SECONDS, SPAN_SECONDS, SPANS, BucketKey, Rollup, Scored
from services.profiles.settings import ProfilesSettings
from services.profiles.stores.base import ProfileStore

DAYS = 365
FIRST = 1_735_689_600
PAGE = 1000
PROFILES_MOST = 50_000
ROUNDS = 300
PATHS = ("/summary", "/timeline?bucket=day", "/timeline?bucket=hour&limit=168")


async def latencies(posts: int) -> dict[str, list[float]]:
    """Return seconds of `ROUNDS` answers to each path, of a brand with so many posts spread over a year.

    The store is filled through a restore: with the buckets and the totals that so many posts leave, which is all that
    these answers read, and with at most 50,000 profiles.
    """
    with tempfile.TemporaryDirectory() as folder:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        settings = ProfilesSettings(_env_file=None, data_dir=Path(folder), rate_limit="1000000/second")
        app = create_app(settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://profiles") as http,
        ):
            await _fill(app.state.resources.store, posts)
            return {path: [await _timed(http, path) for _ in range(ROUNDS)] for path in PATHS}


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(seconds, n=100)[98]


async def _timed(http: httpx.AsyncClient, path: str) -> float:
    started = time.perf_counter()
    (await http.get(f"/v1/brands/bench{path}")).raise_for_status()
    return time.perf_counter() - started


async def _fill(store: ProfileStore, posts: int) -> None:
    authors = min(PROFILES_MOST, posts // 2)
    each = posts // authors
    keys = [f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}" for number in range(1, authors + 1)]
    for start in range(0, authors, PAGE):
        page = [KeptProfile(Profile("bench", key, _increment(each))) for key in keys[start : start + PAGE]]
        await store.restore_profiles("bench", page)
    await store.restore_buckets("bench", list(_buckets(posts, keys)))


def _increment(posts: int) -> Increment:
    last = FIRST + DAYS * DAY_SECONDS - 3600
    labels = {"negative": posts}
    return Increment(
        posts, posts, posts * 400_000, first_seen=FIRST, last_seen=last, labels=labels, languages={"en": posts},
        platform="x", key_version=1,
    )  # fmt: skip


def _buckets(posts: int, keys: Sequence[str]) -> Iterator[KeptBucket]:
    rng = random.Random(0)  # noqa: S311 - reproducible numbers, no secrets
    for span in SPANS:
        count = DAYS * DAY_SECONDS // SPAN_SECONDS[span]
        for number in range(count):
            size = posts * (number + 1) // count - posts * number // count
            if size:
                authors = rng.sample(keys, min(size, len(keys)))
                yield KeptBucket(
                    BucketKey("external", span, FIRST + number * SPAN_SECONDS[span]), _rollup(size, authors)
                )


def _rollup(posts: int, authors: Sequence[str]) -> Rollup:
    return Rollup(
        posts=posts,
        scored_posts=posts,
        score_sum=posts * 400_000,
        labels={"negative": posts - posts // 3, "positive": posts // 3},
        languages={"en": posts - posts // 5, "es": posts // 5},
        categories={"Delay": Scored(posts, posts, posts * 400_000)},
        authors=sketch(authors),
    )
