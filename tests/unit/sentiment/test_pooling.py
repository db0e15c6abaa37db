"""From token vectors to text vectors."""

import numpy as np
import pytest

from services.sentiment.engine import pooled, unit

STATES = np.array([[[1, 2], [3, 4], [9, 9]], [[5, 6], [9, 9], [9, 9]]], np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0]], np.int64)


@pytest.mark.parametrize(
    ("pooling", "vectors"), [("mean", [[2.0, 3.0], [5.0, 6.0]]), ("cls", [[1.0, 2.0], [5.0, 6.0]])]
)
def test_tokens_are_pooled_without_padding(pooling: str, vectors: list[list[float]]) -> None:
    """The mean is that of the real tokens; cls is the first token."""
    np.testing.assert_allclose(pooled(STATES, MASK, pooling), vectors)


def test_a_texts_own_vector_is_left_alone() -> None:
    """Where the graph pools there is nothing to do."""
    np.testing.assert_array_equal(pooled(STATES[:, 0], MASK, "mean"), STATES[:, 0])


def test_vectors_get_length_one() -> None:
    """Each vector is scaled by itself, half precision becomes float32, zeros stay zeros."""
    scaled = unit(np.array([[3, 4], [0, 0]], np.float16))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
