"""From the vectors of a text's tokens to one vector of the text."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

POOLINGS: Final = ("mean", "cls")
_SMALLEST: Final = 1e-12

Vectors = NDArray[np.float32]


def pooled(states: Vectors, mask: NDArray[np.int64], pooling: str) -> Vectors:
    """Return the vector of each text, (texts, dimensions), of its tokens' `states`, (texts, length, dimensions).

    `mask`, (texts, length), is 1 where a token is real. `mean` averages the real tokens (Reimers and
    Gurevych, EMNLP 2019), `cls` takes the first. States that hold a text's vector already, (texts,
    dimensions), are returned as they are.
    """
    if states.ndim == 2:  # noqa: PLR2004 - no axis of tokens
        return states
    if pooling == "cls":
        return states[:, 0]
    weights = mask.astype(np.float32)
    sums = np.einsum("nld,nl->nd", states.astype(np.float32, copy=False), weights)
    means: Vectors = sums / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return means


def unit(vectors: Vectors) -> Vectors:
    """Return the vectors, (texts, dimensions), with length 1; a vector of zeros stays one."""
    vectors = vectors.astype(np.float32, copy=False)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, _SMALLEST)
    return scaled
