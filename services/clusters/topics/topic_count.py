"""How many topics: where posts that are close in meaning also share words. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from services.clusters.terms.token_table import Floats

COUNTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 30, 40)
"""The numbers of topics that are tried: steps of a fifth and less, well below the factor 2 that a count may be off."""
POSTS_A_TOPIC: Final = 10
"""A number is tried only where a topic has so many different posts in the mean."""
COHERENCE_WEIGHT: Final = 1.0
"""How much NPMI counts beside the separation, which is 1 at its best."""


EXPECTED: Final = 10
DOUBT: Final = 0.05
"""By how much twice or half of the expected number must be better; by four times that four times or a quarter of it.

NPMI changes little from number to number where posts are short.
"""


def tried_counts(posts: int) -> tuple[int, ...]:
    """Return the numbers of topics to try with so many different posts: one alone where they are few."""
    return tuple(count for count in COUNTS if count * POSTS_A_TOPIC <= posts) or COUNTS[:1]


def chosen_place(counts: Sequence[int], separations: Sequence[float], coherences: Sequence[float | None]) -> int:
    """Return the place of the best number, the first of equally good ones.

    Judged is the separation (silhouette, or diversity of words) as a share of the largest, plus the NPMI, the two
    together smoothed over neighbours: one is blind to words, the other to meaning, and both are noisy. Less is taken
    away the nearer a number is to ten.
    """
    largest = max(separations)
    found = np.array([one / largest if largest > 0 else 0.0 for one in separations])
    found += COHERENCE_WEIGHT * np.array([0.0 if one is None else one for one in coherences])
    doubt = DOUBT * np.square(np.log2(np.array(counts) / EXPECTED))
    return int(np.argmax(_smoothed(found) - doubt))


def _smoothed(values: Floats) -> Floats:
    padded = np.pad(values, 1, mode="edge")
    smoothed: Floats = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return smoothed
