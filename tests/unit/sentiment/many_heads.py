"""Asking a model with every kind of head, and a category set over its embeddings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.request import FEATURES, AnalysisRequest
from services.sentiment.resources import Resources, open_resources
from services.sentiment.settings import SentimentSettings
from services.sentiment.tokenizer import Tokens
from tests.unit.sentiment.categories.sets import category_set
from tests.unit.sentiment.multi_head import DIMENSIONS


def corners(**changed: Any) -> CategorySet:
    """Return a category set by the larger of the first two numbers of an embedding."""
    values: dict[str, Any] = {
        "name": "corners",
        "labels": ("first", "second"),
        "embedding_version": "many-1",
        "coefficients": np.eye(2, DIMENSIONS, dtype=np.float32),
        "intercepts": np.zeros(2, np.float32),
    }
    return category_set(**values | changed)


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[tuple[Resources, list[Tokens]]]:
    """Open the service's parts; the list is of what the model reads from then on."""
    made = SentimentSettings(_env_file=None, model=str(folder), device="cpu", **settings)
    async with open_resources(made, CollectorRegistry()) as resources:
        seen: list[Tokens] = []
        run = resources.engine.run
        resources.engine.run = lambda batch: seen.extend(batch) or run(batch)  # type: ignore[func-returns-value, method-assign]
        yield resources, seen


def request(*texts: str, features: str = "sentiment", targets: Any = None, **more: Any) -> AnalysisRequest:
    """Ask for features, divided by blanks."""
    nothing = [None] * len(texts)
    wanted = [feature for feature in FEATURES if feature in features.split()]
    return AnalysisRequest(texts, targets or nothing, nothing, wanted, **more)
