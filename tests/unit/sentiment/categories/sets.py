"""Category sets, examples and an embedder for tests."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import Example

VERSION = "tiny-1"
DIMENSIONS = 16
SUBJECTS = {"bags": "my bag is lost", "late": "hours of delay", "seats": "give me a window"}


def category_set(name: str = "airline", **changed: Any) -> CategorySet:
    """Return a set of two labels over three dimensions."""
    values: dict[str, Any] = {
        "name": name,
        "version": 0,
        "labels": ("bags", "late"),
        "counts": (9, 8),
        "embedding_version": VERSION,
        "coefficients": np.array([[1.5, 0.1, -2.0], [-1.0, 0.3, 2.5]], dtype=np.float32),
        "intercepts": np.array([0.25, -0.125], dtype=np.float32),
        "macro_f1": 0.75,
        "label_f1": (0.7, 0.8),
        "folds": 5,
        "created_at": datetime(2024, 5, 1, 12, tzinfo=UTC),
        "notes": "nötes",
    }
    return CategorySet(**values | changed)


def same(one: CategorySet, other: CategorySet) -> bool:
    """Tell whether two sets are equal in everything."""
    return one.to_json() == other.to_json()


def examples(each: int = 10, labels: Sequence[str] = tuple(SUBJECTS)) -> list[Example]:
    """Return different texts of each label, which the embedder below can tell apart."""
    return [Example(f"{SUBJECTS[label]}, said number {number}", label) for label in labels for number in range(each)]


class WordEmbedder:
    """Gives each text the sum of its words' directions, which are drawn from the words' hashes."""

    embedding_version: str | None = VERSION

    def __init__(self) -> None:
        """Remember what was asked for."""
        self.asked: list[int] = []
        self.remembered = 0

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Return a vector a text."""
        self.asked.append(len(texts))
        self.remembered += len(texts) if remember else 0
        return np.array([sum(_direction(word) for word in text.split()) for text in texts], dtype=np.float32)


def _direction(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)
