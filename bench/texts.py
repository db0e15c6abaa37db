"""Texts to measure with: those of the bundled sample, each once."""

import gzip
import json
from typing import Any

from services.ingest.sample import sample_path
from shared.text import clean


def sample_posts() -> list[dict[str, Any]]:
    """Return the posts of the bundled sample."""
    with gzip.open(sample_path(), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def sample_texts() -> list[str]:
    """Return the sample's distinct cleaned texts, in their order."""
    return list(dict.fromkeys(clean(post["text"]) for post in sample_posts()))
