"""Seconds in which a thousand authors that changed among many are in their clusters: `python -m bench.following [N]`.

Profiles runs in a process of its own on a store of N authors (a million by default), each with a cluster of the
published run. A thousand get a new post, and the follower that clusters runs is asked once, best of three times.
"""

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa

from bench.feature_transport import BRAND, PAGE, fill_sqlite
from bench.serving import serving
from services.clusters.bases.basis import Basis
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.freshness.follower import Follower
from services.clusters.freshness.run_models import RunModels
from services.clusters.runs.run import Run, RunRequest, RunStatus, new_run_id
from services.clusters.runs.trained_clusters import train
from services.clusters.store import ClustersStore, open_store
from shared.analysis import Analysis
from shared.analyzed_post import AnalyzedPost
from shared.clock import SystemClock
from shared.peers import peer_http
from shared.profiles_peer import ProfilesPeer
from shared.store_url import SqliteUrl

CHANGED: Final = 1_000
CHUNK: Final = 10_000
ROUNDS: Final = 3
TRAINED: Final = 20_000
OWNER: Final = "bench"


def main() -> None:
    """Print a line."""
    parser = argparse.ArgumentParser(prog="python -m bench.following", description=__doc__)
    parser.add_argument("authors", nargs="?", type=int, default=1_000_000)
    asyncio.run(_measure(parser.parse_args().authors))


async def _measure(authors: int) -> None:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.db"
        await fill_sqlite(path, authors)
        url = SqliteUrl(Path(folder) / "clusters.db")
        with serving("serve", "profiles", ready="/readyz", PROFILES_STORE=f"sqlite:///{path}") as server:
            async with peer_http(None) as http, open_store(url, timedelta(minutes=5), clock) as store:
                peer = ProfilesPeer("profiles", server.url, http, deadline=600.0)
                keys = await _published(peer, store, clock)
                follower = Follower(store.runs, RunModels(store.runs), store.freshness, peer, clock)
                await follower.follow()
                best = min([await _followed(peer, follower, keys, number) for number in range(ROUNDS)])
    print(f"{CHANGED:,} changed authors among {len(keys):,} are in their clusters {best:.2f} s after their posts' fold")


async def _published(peer: ProfilesPeer, store: ClustersStore, clock: SystemClock) -> list[str]:
    """Train on some authors, give every author a cluster, publish, and return all author keys."""
    pages, cursor = list[pa.Table](), None
    while not pages or cursor is not None:
        content, cursor = await peer.features(BRAND, PAGE, cursor)
        with pa.ipc.open_stream(content) as stream:
            pages.append(stream.read_all())
    table = pa.concat_tables(pages)
    request = RunRequest(basis=Basis.BEHAVIOUR, k=5)
    trained = train(table.slice(0, TRAINED), request, budget=TrainingBudget(bootstraps=1, starts=1))
    now = clock.now()
    run = Run(run_id=new_run_id(now), brand=BRAND, request=request, submitted_at=now)
    await store.runs.submit(run, OWNER)
    await store.runs.artifacts.keep(run.run_id, "model", trained.model.to_bytes())
    keys: list[str] = table["author_key"].to_pylist()
    clusters = trained.model.assign(table)[0].tolist()
    staged = 0
    for first in range(0, len(keys), CHUNK):
        chunk = dict(zip(keys[first : first + CHUNK], clusters[first : first + CHUNK], strict=True))
        staged += await peer.stage(BRAND, run.run_id, Basis.BEHAVIOUR, chunk)
    await peer.publish(BRAND, run.run_id, Basis.BEHAVIOUR, staged)
    through = int(table.schema.metadata[b"last_change"])
    ended = {"status": RunStatus.SUCCEEDED, "ended_at": clock.now(), "authors": len(keys), "through": through}
    await store.runs.finish(run.model_copy(update=ended), OWNER)
    return keys


async def _followed(peer: ProfilesPeer, follower: Follower, keys: list[str], number: int) -> float:
    """Give authors a post each, and return the seconds until they are in their clusters."""
    some = keys[number * CHANGED : (number + 1) * CHANGED]
    await peer.fold(BRAND, [_post(key, f"{number * CHANGED + place:032x}") for place, key in enumerate(some)])
    started = time.perf_counter()
    assigned = await follower.follow()
    taken = time.perf_counter() - started
    if assigned != CHANGED:
        raise RuntimeError(f"{assigned} authors were assigned")
    return taken


def _post(author_key: str, post_key: str) -> AnalyzedPost:
    hour = SystemClock().now().replace(minute=0, second=0, microsecond=0)
    return AnalyzedPost(post_key=post_key, author_key=author_key, platform="x", hour=hour, analysis=Analysis())


if __name__ == "__main__":
    main()
