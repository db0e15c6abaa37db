"""Which products a cluster would care for: nearest to its interests, unlike one another, and explained. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIVERSITY: Final = 0.4
"""How much a product's likeness to those before it counts against its own relevance, 0 to 1."""
WANTED: Final = 0.15
"""Sentence embeddings of unrelated texts have cosines of about 0 to 0.1; from here on there is something in common."""
_EXPLAINING: Final = 0.2
MOST_TERMS: Final = 5


@dataclass(frozen=True)
class Ranked:
    """A product by its place in the catalogue: its cosine with the cluster's interests, in [-1, 1]."""

    place: int
    score: float


def ranked(products: Floats, interests: Floats, overall: Floats, most: int) -> list[Ranked]:
    """Return up to `most` products by maximal marginal relevance, the best first.

    `products` is (products, dimensions), `interests` the cluster's mean embedding and `overall` that of all authors,
    (dimensions,), all of length 1. A product is relevant by its cosine with the interests, and by how much nearer it is
    to them than to what all authors write about: what all clusters want alike tells none from another. Products
    whose cosine is below `WANTED` are left out. J. Carbonell and J. Goldstein, "The Use of MMR", SIGIR 1998.
    """
    cosines = products @ interests
    relevance = 2 * cosines - products @ overall
    left = [int(place) for place in np.argsort(-relevance, kind="stable") if cosines[place] >= WANTED]
    chosen: list[int] = []
    nearest = np.full(len(products), -1.0, dtype=np.float32)
    while left and len(chosen) < most:
        worth = (1 - DIVERSITY) * relevance - DIVERSITY * np.maximum(nearest, 0)
        best = left[int(np.argmax(worth[left]))]
        left.remove(best)
        chosen.append(best)
        nearest = np.maximum(nearest, products @ products[best])
    return [Ranked(place, float(np.clip(cosines[place], -1, 1))) for place in chosen]


def unwanted(products: Floats, interests: Floats) -> list[Ranked]:
    """Return the products near no cluster, with their best cosine; `interests` is (clusters, dimensions)."""
    if not len(products):
        return []
    best = (products @ interests.T).max(axis=1) if len(interests) else np.zeros(len(products))
    return [Ranked(int(place), float(best[place])) for place in np.flatnonzero(best < WANTED)]


def explaining(product: Floats, terms: Sequence[str], vectors: Floats) -> list[str]:
    """Return up to five of a cluster's terms that are nearest to a product; `vectors` has one of length 1 a term."""
    if not terms:
        return []
    cosines = vectors @ product
    order = np.argsort(-cosines, kind="stable")[:MOST_TERMS]
    return [terms[place] for place in order if cosines[place] >= _EXPLAINING]
