"""Embeddings as profiles keep them: small whole numbers, so that sums are exact in any order.

An embedding is scaled to length 1 and each of its numbers kept as a whole 127th, one byte. What that loses is
noise of at most 0.004 in each number; the directions of two embeddings stay within 0.1 % of their cosine.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCALE = 127
_SUM = np.dtype("<i4")
_BYTES_A_SUM = 4
_NOISE = 1e-6
_GLANCE = 8
_SHORTEST, _LONGEST = 0.7, 1.3
"""What rounding may make of the length 1."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """A version of embeddings and how many numbers one has; nought where there is none."""

    version: str = ""
    dimensions: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddingSum:
    """The sum of the embeddings of so many posts: little-endian 32-bit integers, in 127ths.

    Exact up to 16 million posts.
    """

    posts: int
    sums: bytes

    @property
    def dimensions(self) -> int:
        """Return how many numbers an embedding has."""
        return len(self.sums) // _BYTES_A_SUM

    def mean(self) -> NDArray[np.float32]:
        """Return the mean embedding, (dimensions,); its length tells how alike the posts are."""
        return (np.frombuffer(self.sums, dtype="<i4") / (SCALE * self.posts)).astype(np.float32)


def means_of(sums: Sequence[EmbeddingSum], dimensions: int) -> NDArray[np.float32]:
    """Return what `EmbeddingSum.mean` returns of each, (sums, dimensions)."""
    posts = np.array([one.posts for one in sums], dtype=np.float64).reshape(-1, 1)
    totals = np.frombuffer(b"".join(one.sums for one in sums), dtype="<i4").reshape(-1, dimensions or 1)
    return (totals / (SCALE * posts)).astype(np.float32)


Embeddings = Mapping[str, EmbeddingSum]
"""By the version of the model that made them; versions are never mixed."""


def has_length(embedding: Sequence[float]) -> bool:
    """Tell whether the embedding points anywhere: its length is neither nought nor beyond every number."""
    length = math.hypot(*embedding)
    return math.isfinite(length) and length > 0


def quantised(embedding: Sequence[float]) -> bytes:
    """Return the embedding as signed bytes, one a number, its length made 1; one that `dequantised` gave as it was.

    Raises ValueError where it has no length.
    """
    if not has_length(embedding):
        raise ValueError("an embedding must have a length, neither nought nor infinite")
    return all_quantised([embedding])[0]


def all_quantised(embeddings: Sequence[Sequence[float]]) -> list[bytes]:
    """Return what `quantised` returns of each of some embeddings of one length, which must all have one."""
    # numpy takes twice as long over a list of lists.
    pack = struct.Struct(f"{len(embeddings[0])}d").pack
    numbers = np.frombuffer(b"".join([pack(*embedding) for embedding in embeddings])).reshape(len(embeddings), -1)
    done = _are_quantised(numbers)
    whole = np.rint(numbers * done * SCALE) if done.any() else None
    if whole is None or not done.all():
        # Twice, so that the squares of neither very large nor very small numbers leave what a float can hold.
        unit = numbers / np.abs(numbers).max(axis=1, keepdims=True)
        unit *= SCALE / np.linalg.norm(unit, axis=1, keepdims=True)
        np.rint(unit, out=unit)
        whole = unit if whole is None else np.where(done, whole, unit)
    return [row.tobytes() for row in whole.astype(np.int8)]


def _are_quantised(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell of each embedding, (embeddings, 1), whether `dequantised` gave it; most are told by their first numbers."""
    done: NDArray[np.bool_] = np.all(_are_whole(numbers[:, :_GLANCE]), axis=1, keepdims=True)
    if done.any():
        fits = _are_whole(numbers)
        lengths = np.linalg.norm(np.where(fits, numbers, 0.0), axis=1, keepdims=True)
        done = np.all(fits, axis=1, keepdims=True) & (lengths > _SHORTEST) & (lengths < _LONGEST)
    return done


def _are_whole(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which numbers are whole 127ths of -1 to 1."""
    # What is too large to be scaled is none of them.
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = numbers * SCALE
        fits: NDArray[np.bool_] = (np.abs(scaled - np.rint(scaled)) < _NOISE) & (np.abs(scaled) < SCALE + _NOISE)
    return fits


def dequantised(embedding: bytes) -> list[float]:
    """Return the numbers that `quantised` kept, of about length 1; quantising them again gives the same bytes."""
    return [number / SCALE for number in np.frombuffer(embedding, dtype=np.int8).tolist()]


def sum_of(embedding: bytes) -> EmbeddingSum:
    """Return the sum of one quantised embedding."""
    return EmbeddingSum(1, np.frombuffer(embedding, dtype=np.int8).astype(_SUM).tobytes())


def add(one: Embeddings, other: Embeddings) -> Embeddings:
    """Return the sums of both, by version."""
    if not one or not other:
        return one or other
    added = dict(one)
    for version, more in other.items():
        known = added.get(version)
        added[version] = _combined(known, more, 1) if known else more
    return added


def subtract(whole: Embeddings, part: Embeddings) -> Embeddings:
    """Return `whole` without `part`, which must be in it; a version of no posts is left out."""
    left = {
        version: _combined(known, part[version], -1) if version in part else known for version, known in whole.items()
    }
    return {version: rest for version, rest in left.items() if rest.posts}


def _combined(one: EmbeddingSum, other: EmbeddingSum, sign: int) -> EmbeddingSum:
    if len(one.sums) != len(other.sums):
        raise ValueError(f"embeddings of {one.dimensions} and of {other.dimensions} numbers cannot be added")
    change = np.add if sign > 0 else np.subtract
    sums = change(np.frombuffer(one.sums, _SUM), np.frombuffer(other.sums, _SUM))
    return EmbeddingSum(one.posts + sign * other.posts, sums.tobytes())
