"""The whole of what a worker computes for a run by behaviour, from the table of features to cards, stage by stage."""

import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from services.clusters.runs.run import RunRequest, Stage
from services.clusters.runs.trained_clusters import train

SEED = 11
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def train_slices(authors: int, slices: int) -> None:
    """Print CPU seconds of trainings on made-up authors, the transport left out."""
    table = features(authors)
    totals, stages = [], defaultdict(list)
    for _ in range(slices):
        spent: dict[Stage, float] = defaultdict(float)
        began = last = time.process_time()
        at = Stage.SCALING

        def told(stage: Stage, _done: float, spent: dict[Stage, float] = spent) -> None:
            nonlocal last, at
            now = time.process_time()
            spent[at] += now - last
            last, at = now, stage

        train(table, RunRequest(), advance=told)
        spent[at] += time.process_time() - last
        totals.append(time.process_time() - began)
        for stage, seconds in spent.items():
            stages[stage].append(seconds)
    parts = ", ".join(f"{stage} {statistics.median(seconds):.2f}" for stage, seconds in stages.items())
    print(f"  table of {authors:,} authors to cards: {statistics.median(totals):.2f} CPU s ({parts})")


def features(authors: int) -> pa.Table:
    """Return a table as profiles sends it: four kinds of people, heavy tails, a third without account figures."""
    random = np.random.default_rng(SEED)
    kind = random.integers(4, size=authors)
    posts = np.minimum(random.zipf(2.2, authors) + 6 * (kind == 1), 500)
    scores = np.clip(random.normal(np.array([0.1, 0.5, 0.9, 0.2])[kind], 0.08), 0, 1)
    negative = np.where(scores < 0.35, posts, 0)  # noqa: PLR2004 - made up
    positive = np.where(scores > 0.65, posts, 0)  # noqa: PLR2004 - made up
    followers = np.exp(random.normal(4 + 4 * (kind == 3), 1)).astype(np.int64)  # noqa: PLR2004 - the last kind
    untold = random.random(authors) < 0.3  # noqa: PLR2004 - made up
    first = START + 3600 * random.integers(600, size=authors)
    hours = np.zeros((authors, 24), dtype=np.int64)
    hours[np.arange(authors), random.integers(24, size=authors)] = posts

    def account(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
        return pa.array(values, mask=untold)

    return pa.table(
        {
            "author_key": pa.array([f"{number:032x}" for number in range(authors)]),
            "posts": posts,
            "scored_posts": posts,
            "negative": negative,
            "neutral": posts - negative - positive,
            "positive": positive,
            **{name: random.zipf(2.5, authors) - 1 for name in ("likes", "reposts", "replies")},
            "repost_posts": random.binomial(posts, 0.1),
            "reply_posts": random.binomial(posts, 0.4),
            "languages": np.ones(authors, dtype=np.int64),
            "mean_score": scores,
            "score_stddev": pa.array(random.random(authors) / 5, mask=posts < 2),  # noqa: PLR2004 - one has no spread
            "mean_subjectivity": random.beta(4, 3, authors),
            "followers": account(followers),
            "following": account((followers**0.7).astype(np.int64)),
            "account_posts": account(followers * 3),
            "listed": account(followers // 50),
            "verified": pa.array(random.random(authors) < 0.05, mask=untold),  # noqa: PLR2004 - made up
            "protected": pa.array(np.zeros(authors, dtype=bool), mask=untold),
            "age_days": account(random.integers(4000, size=authors)),
            "first_seen": pa.array(first, pa.timestamp("s", tz="UTC")),
            "last_seen": pa.array(first + 3600 * (posts - 1), pa.timestamp("s", tz="UTC")),
            "main_language": pa.array(["en"] * authors),
            "hours": pa.FixedSizeListArray.from_arrays(pa.array(hours.ravel()), 24),
        }
    )
