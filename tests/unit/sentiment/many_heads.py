"""Asking a model with every kind of head, and a category set over its embeddings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from services.sentiment.inquiry import FEATURES, Inquiry
from services.sentiment.resources import Resources, open_resources
from services.sentiment.settings import SentimentSettings
from services.sentiment.tokenizer import Tokens
from tests.unit.sentiment.multi_head import DIMENSIONS


class Corners:
    """A category set by the larger of two numbers of an embedding."""

    name = "corners"
    labels = ("first", "second")
    embedding_version = "many-1"
    dimensions = DIMENSIONS

    def classify(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return shares of the two."""
        shares = embeddings[:, :2].astype(np.float64) + 1e-3
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[tuple[Resources, list[Tokens]]]:
    """Open the service's parts; the list is of what the model reads from then on."""
    made = SentimentSettings(_env_file=None, model=str(folder), device="cpu", **settings)
    async with open_resources(made, CollectorRegistry()) as resources:
        seen: list[Tokens] = []
        run = resources.batcher._run
        resources.batcher._run = lambda batch: seen.extend(batch) or run(batch)  # type: ignore[func-returns-value]
        yield resources, seen


def inquiry(*texts: str, features: str = "sentiment", targets: Any = None, **more: Any) -> Inquiry:
    """Ask for features, divided by blanks."""
    nothing = [None] * len(texts)
    wanted = [feature for feature in FEATURES if feature in features.split()]
    return Inquiry(texts, targets or nothing, nothing, wanted, **more)
