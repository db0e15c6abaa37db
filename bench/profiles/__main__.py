"""Prints how fast profiles fold, beside the limit and the older way; figures, not tests."""

import asyncio
from statistics import median

from bench.profiles import sqlite_rates
from bench.profiles.posts import batches

POSTS = 20_000
BATCH = 500
AUTHORS = 12_000
ROUNDS = 3
SINGLE = 1_000


async def fold_rates() -> None:
    """Print the table of folding into SQLite; rounds alternate, medians are told."""
    made = list(batches(POSTS, BATCH, AUTHORS))
    written = await sqlite_rates.recorded(made)
    rates: dict[str, list[float]] = {"ours": [], "limit": [], "one at a time": []}
    for _ in range(ROUNDS):
        rates["limit"].append(await sqlite_rates.limit(made, written))
        rates["ours"].append(await sqlite_rates.ours(made))
        rates["one at a time"].append(await sqlite_rates.one_at_a_time(made, SINGLE))
    _print("SQLite", rates)


def _print(store: str, rates: dict[str, list[float]]) -> None:
    ours, limit, single = (median(rates[name]) for name in ("ours", "limit", "one at a time"))
    print(f"\nfold into {store}: {POSTS} posts in batches of {BATCH}, {AUTHORS} authors, medians of {ROUNDS} rounds")
    print(f"  bare writes of the same rows (the limit)   {limit:9,.0f} posts/s")
    print(f"  ours                                       {ours:9,.0f} posts/s   {ours / limit:5.2f} of the limit")
    print(
        f"  find, then update, one at a time           {single:9,.0f} posts/s   ours is {ours / single:.1f} times that"
    )


if __name__ == "__main__":
    asyncio.run(fold_rates())
