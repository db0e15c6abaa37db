"""Exports of a brand: MB/s and the peak of the service's memory, for each table and form.

The service runs in a process of its own (`voxpop serve profiles`) on a store that is filled first; peak memory is
what Linux says of that process, so figures of later exports include those before. pandas is hidden from it: where it is
installed (for tests) pyarrow loads it, 65 MB that a service's image has not.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from services.profiles.embedding import dequantised, quantised
from services.profiles.folding import increment_of
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores.database import open_store
from shared.analysis import Analysis, Language, Sentiment
from shared.analyzed_post import Account, AnalyzedPost
from shared.store_url import SqliteUrl

BRAND = "bench"
DIMENSIONS = 384
CHUNK = 2000
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 30
MB = 10**6
READY_SECONDS = 60.0


def main(profiles: int = 20_000, posts: int = 20_000) -> None:
    """Fill a store and print a line for each export."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.db"
        asyncio.run(_fill(path, profiles, posts))
        print(
            f"\nexport: {profiles} profiles, {posts} posts with {DIMENSIONS} numbers, a store of {_size(path):.0f} MB"
        )
        with _serving(Path(folder)) as (url, process):
            print(f"  before the first export           {_peak(process):6.0f} MB peak")
            for of, form in (
                ("profiles", "csv"),
                ("profiles", "jsonl"),
                ("profiles", "parquet"),
                ("posts", "csv"),
                ("posts", "jsonl"),
                ("posts", "parquet"),
                ("buckets", "parquet"),
            ):
                size, seconds = _export(url, of, form)
                print(
                    f"  {of:8} {form:8} {size / MB:8.1f} MB in {seconds:6.1f} s {size / MB / seconds:7.1f} MB/s "
                    f"{_peak(process):6.0f} MB peak"
                )


async def _fill(path: Path, profiles: int, posts: int) -> None:
    """Restore made-up rows: that is faster than folding, and what is exported is the same."""
    dice = random.Random(1)  # noqa: S311 - reproducible numbers, not secrets
    embeddings = [dequantised(quantised([dice.gauss(0, 1) for _ in range(DIMENSIONS)])) for _ in range(64)]
    async with open_store(SqliteUrl(path)) as store:
        for place in range(0, profiles, CHUNK):
            made = [_post(number, number, embeddings, dice) for number in range(place, min(place + CHUNK, profiles))]
            await store.restore_profiles(
                BRAND, [KeptProfile(Profile(BRAND, post.author_key, increment_of(post))) for post in made]
            )
        for place in range(0, posts, CHUNK):
            made = [
                _post(number, dice.randrange(max(1, profiles)), embeddings, dice)
                for number in range(place, min(place + CHUNK, posts))
            ]
            rollups = rolled_up((post.voice, post.author_key, increment_of(post)) for post in made)
            await store.restore_buckets(BRAND, [KeptBucket(key, rollup) for key, rollup in rollups.items()])
            await store.restore_posts(
                BRAND, [KeptPost(post.post_key, post.author_key, 1, int(START.timestamp()), post) for post in made]
            )


def _post(number: int, author: int, embeddings: list[list[float]], dice: random.Random) -> AnalyzedPost:
    score = dice.random()
    label = "negative" if score < 1 / 3 else "positive" if score > 2 / 3 else "neutral"
    return AnalyzedPost(
        post_key=f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}",
        author_key=f"{author * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}",
        platform="x",
        hour=START + timedelta(hours=dice.randrange(24 * DAYS)),
        analysis=Analysis(
            sentiment=Sentiment(label=label, score=score, probabilities={"negative": 1 - score, "positive": score}),
            language=Language(code="en", confidence=1.0),
            subjectivity=score,
            embedding=embeddings[number % len(embeddings)],
        ),
        account=Account(followers=dice.randrange(10**5), following=300, posts=4000, verified=False, age_months=40),
        likes=dice.randrange(100),
        text=f"a text of about the usual length about the flight number {number} and its delay of {author} minutes",
        embedding_version="bench-1",
    )


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the folder's store and yield the address and the process' id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "services.cli",
        "serve",
        "profiles",
        "--port",
        str(port),
        "--data-dir",
        str(folder),
    ]
    # Texts of a made-up past must outlive the first sweep.
    environment = {**os.environ, "VOXPOP_LOG_LEVEL": "WARNING", "PROFILES_TEXT_DAYS": "3650", "PYTHONPATH": str(folder)}
    (folder / "pandas.py").write_text("raise ImportError\n")
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own command
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(url):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} did not answer within {READY_SECONDS:.0f} s")
            time.sleep(0.1)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _export(url: str, of: str, form: str) -> tuple[int, float]:
    started, size = time.perf_counter(), 0
    query = {"of": of, "format": form}
    with httpx.stream("GET", f"{url}/v1/brands/{BRAND}/export", params=query, timeout=600, trust_env=False) as response:
        response.raise_for_status()
        for piece in response.iter_raw():
            size += len(piece)
    return size, time.perf_counter() - started


def _peak(process: int) -> float:
    """Return the most memory (RSS) that a process ever held, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / MB
    raise OSError("this system does not tell a process' peak memory")


def _size(path: Path) -> float:
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*")) / MB


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--profiles", type=int, default=20_000)
    options.add_argument("--posts", type=int, default=20_000)
    main(**vars(options.parse_args()))
