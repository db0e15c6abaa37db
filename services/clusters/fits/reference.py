"""Whether there are clusters at all: how far inertia falls beside what it does in uniform data. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.clusters.fits.kmeans import Rows, distinct_rows, fit, undivided
from shared.one_thread import one_thread

STARTS, REFERENCE_STARTS = 6, 2
"""KMeans starts: a poor fit of the rows themselves weighs more than one of many references."""

_NOTHING = 1e-12


@dataclass(frozen=True)
class InertiaGap:
    """By how much the logarithm of inertia fell below that of one cluster, more than in the reference; its error."""

    value: float
    error: float


def gaps(rows: Rows, ks: Sequence[int], seed: int, references: int) -> Iterator[tuple[int, InertiaGap]]:
    """Yield k and its gap for each of `ks` of which `rows` hold as many different ones.

    This is the gap statistic (Tibshirani, Walther & Hastie, Journal of the Royal Statistical Society B 63, 2001) with
    its reference (b): uniform over a box aligned with the principal components. Both logarithms are taken relative
    to that of one cluster, k = 1 has the gap 0: what is left are the errors of k alone.
    """
    box = _uniform(rows, seed, references)
    spreads = [undivided(each).inertia for each in box]
    whole = undivided(rows).inertia
    distinct = distinct_rows(rows)
    for k in ks:
        if distinct < k:
            continue
        fall = _logarithm(fit(rows, k, seed, STARTS).inertia, whole)
        falls = [
            _logarithm(fit(each, k, seed, REFERENCE_STARTS).inertia, spread)
            for each, spread in zip(box, spreads, strict=True)
        ]
        error = float(np.std(falls, ddof=1)) * np.sqrt(1 + 1 / references)
        yield k, InertiaGap(float(np.mean(falls)) - fall, float(error))


def dimensions(rows: Rows) -> float:
    """Return in how many directions rows vary, from 1: the participation ratio of the variances along the axes."""
    variances = np.maximum(np.linalg.eigvalsh(_covariance(rows)), 0)
    return float(max(1.0, np.square(variances.sum()) / max(np.square(variances).sum(), _NOTHING)))


def _covariance(rows: Rows) -> NDArray[np.float64]:
    with one_thread():
        covariance: NDArray[np.float64] = np.cov(rows.T.astype(np.float64), ddof=0).reshape(rows.shape[1], -1)
    return covariance


def _uniform(rows: Rows, seed: int, references: int) -> list[Rows]:
    random = np.random.default_rng(seed)
    with one_thread():
        _, axes = np.linalg.eigh(_covariance(rows))
    turned = rows.astype(np.float64) @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    return [random.uniform(low, high, size=rows.shape).astype(np.float32) for _ in range(references)]


def _logarithm(inertia: float, whole: float) -> float:
    return float(np.log(max(inertia / whole, _NOTHING)))
