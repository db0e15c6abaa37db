"""Which differences are more than chance. Pure; scipy is loaded where it is needed, in the worker."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.clusters.terms.token_table import Floats

LEVEL: Final = 0.05
"""The share of false alarms among what is told."""


def paired_counts(only_now: Any, only_before: Any) -> Floats:
    """Return p by McNemar's exact test (McNemar 1947): as many came as went away, those of both times left out."""
    from scipy.special import bdtr

    fewer, both = np.minimum(only_now, only_before), np.add(only_now, only_before)
    p: Floats = np.minimum(2 * bdtr(np.asarray(fewer, np.float64), both, 0.5), 1.0)
    return p


def proportions(part: Any, whole: Any, part_before: Any, whole_before: Any) -> Floats:
    """Return p by the two-proportion z-test with pooled variance; 1 where a whole is empty."""
    from scipy.special import erfc

    one, other = np.maximum(whole, 1), np.maximum(whole_before, 1)
    pooled = np.add(part, part_before) / np.add(one, other)
    error = np.sqrt(pooled * (1 - pooled) * (1 / one + 1 / other))
    distance = np.abs(np.asarray(part) / one - np.asarray(part_before) / other)
    z = np.divide(distance, error, out=np.zeros(np.shape(distance)), where=error > 0)
    known = (np.asarray(whole) > 0) & (np.asarray(whole_before) > 0)
    p: Floats = np.where(known, erfc(z / np.sqrt(2)), 1.0)
    return p


def means(now: tuple[Any, Any, int], before: tuple[Any, Any, int]) -> Floats:
    """Return p by Welch's t-test (Welch 1947) of means, each with its variance and of how many.

    1 where one of them is of fewer than two. People of both times count as different ones, which is the careful error.
    """
    from scipy.special import stdtr

    (mean, variance, count), (mean_before, variance_before, count_before) = now, before
    distance = np.abs(np.asarray(mean, np.float64) - mean_before)
    if min(count, count_before) < 2:  # noqa: PLR2004 - one value has no variance
        return np.ones(np.shape(distance))
    one, other = np.asarray(variance) / count, np.asarray(variance_before) / count_before
    square = one + other
    spread = one**2 / (count - 1) + other**2 / (count_before - 1)
    known = spread > 0
    freedom = np.divide(square**2, spread, out=np.ones(np.shape(distance)), where=known)
    t = np.divide(distance, np.sqrt(square), out=np.zeros(np.shape(distance)), where=known)
    p: Floats = np.where(known, 2 * stdtr(freedom, -t), (distance == 0).astype(np.float64))
    return np.minimum(p, 1.0)


def discoveries(p: Floats) -> NDArray[np.bool_]:
    """Return which of many tests are more than chance: of those told, 5 % are false (Benjamini & Hochberg 1995)."""
    if not p.size:
        return np.zeros(0, np.bool_)
    ordered = np.sort(p)
    below = np.flatnonzero(ordered <= LEVEL * np.arange(1, p.size + 1) / p.size)
    limit = ordered[below[-1]] if below.size else -1.0
    found: NDArray[np.bool_] = p <= limit
    return found
