"""Authors as profiles tells of them, made up by a seeded generator."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

LABELS = ["negative", "neutral", "positive"]
INTEGERS = ["posts", "scored_posts", *LABELS, "likes", "reposts", "replies", "repost_posts", "reply_posts", "languages"]
ACCOUNT = ["followers", "following", "account_posts", "listed", "age_days"]
START = datetime(2015, 2, 20, tzinfo=UTC)

SCHEMA = pa.schema(
    [
        ("author_key", pa.string()),
        *((name, pa.int64()) for name in INTEGERS),
        *((name, pa.float64()) for name in ("mean_score", "score_stddev", "mean_subjectivity")),
        *((name, pa.int64()) for name in ACCOUNT),
        ("verified", pa.bool_()),
        ("protected", pa.bool_()),
        ("first_seen", pa.timestamp("s", tz="UTC")),
        ("last_seen", pa.timestamp("s", tz="UTC")),
        ("main_language", pa.string()),
        ("hours", pa.list_(pa.int64(), 24)),
    ]
)

Row = dict[str, Any]


def key(number: int) -> str:
    """Return the author key of a number."""
    return f"{number:032x}"


def author(number: int, **figures: Any) -> Row:
    """Return one author with a single neutral post, changed by `figures`."""
    row: Row = dict.fromkeys(SCHEMA.names)
    row |= dict.fromkeys(INTEGERS, 0)
    row |= {"author_key": key(number), "posts": 1, "scored_posts": 1, "neutral": 1, "mean_score": 0.5, "languages": 1}
    row |= {"mean_subjectivity": 0.5, "first_seen": START, "last_seen": START, "main_language": "en"}
    row |= {"hours": [1 if hour == number % 24 else 0 for hour in range(24)]}
    return row | figures


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the table of features as profiles sends it."""
    return pa.Table.from_pylist(rows, SCHEMA)


def travellers(count: int, seed: int = 7) -> list[Row]:
    """Return authors as a real import has them: most with one or two posts, a heavy tail, no account figures."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        posts = int(min(random.zipf(2.6), 200))
        mood = random.choice([0.1, 0.5, 0.9], p=[0.6, 0.2, 0.2])
        scores = np.clip(random.normal(mood, 0.08, posts), 0, 1)
        hours = np.bincount(random.integers(24, size=posts), minlength=24)
        rows.append(
            author(
                number,
                posts=posts,
                scored_posts=posts,
                negative=int((scores < 1 / 3).sum()),
                neutral=int(((scores >= 1 / 3) & (scores <= 2 / 3)).sum()),
                positive=int((scores > 2 / 3).sum()),
                mean_score=float(scores.mean()),
                score_stddev=float(scores.std()) if posts > 1 else None,
                mean_subjectivity=float(random.beta(4, 3)),
                reposts=int(random.zipf(3) - 1),
                last_seen=START + timedelta(hours=int(random.exponential(posts - 1)) if posts > 1 else 0),
                hours=hours.tolist(),
            )
        )
    return rows


def two_kinds(count: int) -> list[Row]:
    """Return `count` authors, the even ones friendly and rare, the odd ones angry, frequent and much followed."""
    random = np.random.default_rng(3)
    return [
        author(
            number,
            posts=30 + int(random.integers(10)),
            scored_posts=30,
            negative=30,
            neutral=0,
            mean_score=0.05 + float(random.random()) / 50,
            followers=900_000 + int(random.integers(9)),
            main_language="de",
        )
        if number % 2
        else author(
            number,
            posts=1 + int(random.integers(2)),
            neutral=0,
            positive=1,
            mean_score=0.9 + float(random.random()) / 50,
            followers=10 + int(random.integers(9)),
        )
        for number in range(count)
    ]
