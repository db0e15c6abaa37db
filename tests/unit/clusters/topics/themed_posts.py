"""Posts about known themes: words of their own beside common ones, embeddings near a point of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

DIMENSIONS = 48
START = datetime(2026, 1, 1, tzinfo=UTC)
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


def themed_posts(themes: int, each: int, seed: int = 0, authors: int = 30, noise: float = 0.6) -> list[dict[str, Any]]:
    """Return `each` posts about each of so many themes, in no order, by as many authors."""
    dice = np.random.default_rng(seed)
    words = [[_word(dice) for _ in range(14)] for _ in range(themes)]
    common = [_word(dice) for _ in range(12)]
    centres = dice.normal(size=(themes, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    posts = []
    for number in range(themes * each):
        theme = number % themes
        said = [*dice.choice(words[theme], 7), *dice.choice(common, 2)]
        embedding = centres[theme] + noise * dice.normal(size=DIMENSIONS) / np.sqrt(DIMENSIONS)
        posts.append(
            {
                "post_key": f"{dice.integers(2**60):032x}",
                "author_key": f"author-{dice.integers(authors)}",
                "hour": START + timedelta(hours=int(dice.integers(24 * 20))),
                "language": "en",
                "text": " ".join(map(str, said)),
                "score": float(dice.random()),
                "embedding": embedding.astype(np.float32).tolist(),
                "embedding_version": "v1",
                "theme": theme,
            }
        )
    return posts


def table_of(posts: Sequence[dict[str, Any]]) -> pa.Table:
    """Return the posts as profiles tells them."""
    columns = ("post_key", "author_key", "text", "language", "embedding_version")
    arrays = {name: pa.array([post[name] for post in posts], pa.string()) for name in columns}
    arrays["hour"] = pa.array([post["hour"] for post in posts], pa.timestamp("s", "UTC"))
    arrays["score"] = pa.array([post["score"] for post in posts], pa.float64())
    arrays["embedding"] = pa.array([post["embedding"] for post in posts], pa.list_(pa.float32(), DIMENSIONS))
    return pa.table(arrays)


def _word(dice: np.random.Generator) -> str:
    return "".join(str(dice.choice(list(kind))) for kind in (CONSONANTS, VOWELS) * 3)
