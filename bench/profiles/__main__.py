"""Prints how fast profiles fold, answer and export, beside their limits; figures, not tests."""

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from bench.profiles import mongo_rates, sqlite_rates, summaries
from bench.profiles.beside import compare
from bench.profiles.posts import batches
from bench.profiles.sqlite_rates import Batches

POSTS = 20_000
BATCH = 500
AUTHORS = 12_000
ROUNDS = 3
SINGLE = 1_000
MONGO_BATCHES = 4
MONGO_SINGLE = 100
CALLERS = 8
SIZES = (10_000, 5_000_000)

Rate = Callable[[], Awaitable[float]]


async def main() -> None:
    """Print every table; with a folder as argument SQLite beside the tree that is there."""
    if len(sys.argv) > 1:
        ours, theirs = compare(Path(sys.argv[1]))
        print(f"fold into SQLite: {ours:.4f} CPU ms a post, there {theirs:.4f}: {ours / theirs:.3f} of that")
        return
    made = list(batches(POSTS, BATCH, AUTHORS))
    gc.freeze()
    await _sqlite(made)
    if server := os.environ.get("MONGODB_TEST_URL"):
        await _mongo(server, made)
    else:
        print("\nfold into MongoDB: not measured, MONGODB_TEST_URL is not set (`make bench-profiles` sets it)")
    await _summaries()


async def _sqlite(made: Batches) -> None:
    written = await sqlite_rates.recorded(made)
    gc.freeze()
    await _compare(
        "SQLite",
        lambda: sqlite_rates.limit(made, written),
        lambda: sqlite_rates.ours(made),
        lambda: sqlite_rates.alone(made, SINGLE),
        lambda: sqlite_rates.one_at_a_time(made, SINGLE),
    )


async def _mongo(server: str, every: Batches) -> None:
    made = every[:MONGO_BATCHES]
    written = await mongo_rates.recorded(server, made)
    gc.freeze()
    one = await _compare(
        "MongoDB",
        lambda: mongo_rates.limit(server, made, written),
        lambda: mongo_rates.ours(server, made),
        lambda: mongo_rates.alone(server, made, MONGO_SINGLE),
        lambda: mongo_rates.one_at_a_time(server, made, MONGO_SINGLE),
    )
    singles = [[post] for batch in made for post in batch][: MONGO_SINGLE * 2]
    for what, delivered in (("one post at a time", singles), (f"in batches of {BATCH}", made)):
        for replicas in (1, CALLERS):
            rates = [await mongo_rates.together(server, delivered, CALLERS, replicas) for _ in range(ROUNDS)]
            fast, met = median(rate for rate, _ in rates), sum(conflicts for _, conflicts in rates)
            alone = one[what == "one post at a time"]
            print(
                f"  {CALLERS} callers, one brand, {replicas} replica(s), {what:22} {fast:8,.0f} posts/s  "
                f"{fast / alone:.1f} times one; transactions made again: {met}"
            )


async def _compare(store: str, limit: Rate, ours: Rate, alone: Rate, older: Rate) -> tuple[float, float]:
    """Print a table of medians and return ours, in batches and alone; rounds alternate, because machines are noisy."""
    rates: tuple[list[float], ...] = ([], [], [], [])
    for _ in range(ROUNDS):
        for found, measure in zip(rates, (limit, ours, alone, older), strict=True):
            found.append(await measure())
    most, we, one, old = map(median, rates)
    print(f"\nfold into {store}: batches of {BATCH} posts, {AUTHORS} authors, medians of {ROUNDS} rounds")
    print(f"  bare writes of the same rows (the limit)          {most:8,.0f} posts/s")
    print(f"  ours                                              {we:8,.0f} posts/s  {we / most:.2f} of the limit")
    print(
        f"  ours, one post at a time                          {one:8,.0f} posts/s  batches: {we / one:.1f} times that"
    )
    print(
        f"  find, then update, profiles alone, one at a time  {old:8,.0f} posts/s  batches: {we / old:.1f} times that"
    )
    return we, one


async def _summaries() -> None:
    small, large = [await summaries.latencies(size) for size in SIZES]
    print(f"\nanswers of a brand with {SIZES[0]:,} and with {SIZES[1]:,} posts of a year, SQLite, p99 of 300 each")
    for path in summaries.PATHS:
        few, many = summaries.p99(small[path]), summaries.p99(large[path])
        print(f"  {path:34} {few * 1000:6.1f} ms {many * 1000:6.1f} ms   ratio {many / few:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
