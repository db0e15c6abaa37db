"""Authors with embeddings of what they write about, made up by a seeded generator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tests.unit.clusters.authors import table_of, travellers

NUMBERS = 16
VERSION = "made-up/1"
KINDS = 4


def kinds(count: int) -> list[int]:
    """Return what each author writes about, by turns one of four things."""
    return [number % KINDS for number in range(count)]


def writers(count: int, versions: Mapping[int, str | None] | None = None, spread: float = 0.08) -> pa.Table:
    """Return authors whose embeddings lie about one of four directions, all near a fifth that they have in common.

    `versions` names the embedding version of some of them, None for no embedding.
    """
    random = np.random.default_rng(11)
    topics = random.normal(size=(KINDS, NUMBERS)) / 4 + random.normal(size=NUMBERS)
    vectors: list[Any] = list(topics[kinds(count)] + random.normal(scale=spread, size=(count, NUMBERS)))
    told: list[str | None] = [VERSION] * count
    for place, version in (versions or {}).items():
        told[place] = version
        if version is None:
            vectors[place] = None
    return with_embeddings(table_of(travellers(count)), vectors, told)


def with_embeddings(table: pa.Table, vectors: Sequence[Any], versions: Sequence[str | None]) -> pa.Table:
    """Return the table with the columns of embeddings as profiles sends them."""
    numbers = next((len(vector) for vector in vectors if vector is not None), NUMBERS)
    listed = [None if vector is None else [float(number) for number in vector] for vector in vectors]
    table = table.append_column("embedding", pa.array(listed, pa.list_(pa.float32(), numbers)))
    return table.append_column("embedding_version", pa.array(versions, pa.string()))
