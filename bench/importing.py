"""Posts a second of an import, end to end, with the share of each stage; the limit is the model alone."""

import asyncio
import re
import time

import httpx

from bench.serving import serving
from bench.texts import sample_posts
from services.cli.upload import upload
from services.ingest.sources.rows import Row

COPIES = 3
BRAND = "bench"
STAGES = ("prepare", "look up", "analyze", "fold")


def main() -> None:
    """Print the table. Each copy of the sample has other words, so that the answer cache helps with none."""
    posts = [
        {**post, "post_id": f"{copy}-{post['post_id']}", "text": f"{post['text']} copy {copy} number {number}"}
        for copy in range(COPIES)
        for number, post in enumerate(sample_posts())
    ]
    with serving("up", ready="/ingest/readyz", VOXPOP_LOG_LEVEL="WARNING") as server:
        started = time.perf_counter()
        tally = asyncio.run(_upload(server.url, posts))
        seconds = time.perf_counter() - started
        metrics = httpx.get(f"{server.url}/ingest/metrics", trust_env=False).text
    spent = {
        stage: float(found[1])
        for stage in STAGES
        if (found := re.search(rf'voxpop_ingest_stage_seconds_total{{stage="{stage}"}} (\S+)', metrics))
    }
    print(f"\nimport: {len(posts)} posts in {seconds:.1f} s, {len(posts) / seconds:.0f} posts/s ({tally} accepted)")
    total = sum(spent.values())
    for stage, of_stage in spent.items():
        print(f"  {stage:8} {of_stage / total:6.1%} of the time in the service ({of_stage:.1f} s, two batches at once)")


async def _upload(url: str, posts: list[dict[str, object]]) -> int:
    async with httpx.AsyncClient(base_url=f"{url}/ingest", timeout=120, trust_env=False) as http:
        rows = (Row(number, post) for number, post in enumerate(posts))
        return (await upload(rows, BRAND, http)).accepted


if __name__ == "__main__":
    main()
