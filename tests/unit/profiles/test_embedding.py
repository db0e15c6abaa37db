"""Embeddings as profiles keep them, and their sums."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.embedding import (
    SCALE,
    Embeddings,
    EmbeddingSum,
    add,
    dequantised,
    has_length,
    quantised,
    subtract,
    sum_of,
)
from tests.unit.profiles.strategies import EMBEDDINGS, SUMS

LARGE = 5e-3
"""What a cosine may lose."""


def total_of(vectors: Sequence[Sequence[float]], version: str = "v1") -> dict[str, EmbeddingSum]:
    """Return the sum of embeddings of one version, added one by one."""
    total: dict[str, EmbeddingSum] = {}
    for vector in vectors:
        total = dict(add(total, {version: sum_of(quantised(vector))}))
    return total


@given(EMBEDDINGS)
def test_quantising_what_was_kept_gives_the_same_bytes(embedding: list[float]) -> None:
    """However often an embedding goes in and out of a store it stays what it was."""
    kept = quantised(embedding)
    assert quantised(dequantised(kept)) == kept
    assert dequantised(quantised(dequantised(kept))) == dequantised(kept)


@given(EMBEDDINGS)
def test_what_is_kept_has_length_one(embedding: list[float]) -> None:
    """Every post weighs the same, however long its embedding was; each number loses half a 127th at the most."""
    kept = dequantised(quantised(embedding))
    length = math.hypot(*embedding)
    assert len(kept) == len(embedding)
    assert kept == pytest.approx([number / length for number in embedding], abs=0.501 / SCALE)


@given(EMBEDDINGS, st.sampled_from([1e-300, 1e-9, 1e-3, 0.5, 3.0, 127.0, 1e9, 1e300]))
def test_its_own_length_does_not_matter(embedding: list[float], scale: float) -> None:
    """A longer or shorter embedding of the same direction is kept as the same bytes, but for rounding."""
    longer = [number * scale for number in embedding]
    assert dequantised(quantised(longer)) == pytest.approx(dequantised(quantised(embedding)), abs=1.001 / SCALE)


@pytest.mark.parametrize("dimensions", [64, 384, 1024])
def test_directions_are_kept(dimensions: int) -> None:
    """An embedding keeps its direction to half a percent; cosines of two shift by less than half a hundredth (RMS)."""
    dice = np.random.default_rng(3)
    vectors = dice.normal(size=(100, dimensions)) + dice.normal(size=dimensions)
    kept = np.array([dequantised(quantised(vector)) for vector in vectors.tolist()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    assert (vectors * kept).sum(axis=1).min() > 1 - LARGE
    assert np.sqrt(np.mean((vectors @ vectors.T - kept @ kept.T) ** 2)) < LARGE


@given(st.lists(st.lists(st.floats(-1, 1), min_size=5, max_size=5).filter(has_length), min_size=1, max_size=20))
def test_sums_are_those_of_the_bytes(vectors: list[list[float]]) -> None:
    """Whole numbers add exactly, and the mean is theirs."""
    total = total_of(vectors)["v1"]
    numbers = np.array([np.frombuffer(quantised(vector), dtype=np.int8) for vector in vectors], dtype=np.int64)
    assert (total.posts, total.dimensions) == (len(vectors), 5)
    assert np.frombuffer(total.sums, dtype="<i4").tolist() == numbers.sum(axis=0).tolist()
    assert total.mean().tolist() == pytest.approx((numbers / SCALE).mean(axis=0).tolist(), abs=1e-6)


@given(SUMS, SUMS, SUMS)
def test_sums_may_be_grouped_and_swapped(one: Embeddings, two: Embeddings, three: Embeddings) -> None:
    """Adding is associative and commutative, version by version, and nothing is its unit."""
    assert add(add(one, two), three) == add(one, add(two, three))
    assert add(one, two) == add(two, one)
    assert add(one, {}) == one == add({}, one)


@given(SUMS, SUMS)
def test_subtraction_undoes_addition(one: Embeddings, other: Embeddings) -> None:
    """What was added can be taken away to the last bit, and a version without a post is gone."""
    assert subtract(add(one, other), other) == one
    assert subtract(one, one) == {}


def test_versions_are_never_mixed() -> None:
    """Embeddings of two versions are two sums, each with its own length."""
    total = add(total_of([[1.0, 0.0]]), total_of([[0.0, 0.0, 1.0]], "v2"))
    assert {version: one.dimensions for version, one in total.items()} == {"v1": 2, "v2": 3}
    with pytest.raises(ValueError, match="of 2 and of 3 numbers cannot be added"):
        add(total_of([[1.0, 0.0]]), total_of([[0.0, 0.0, 1.0]]))


def test_a_sum_is_exact_up_to_its_promise() -> None:
    """Sixteen million posts of the same direction fit, where floats would have lost the last ones."""
    most = 16_000_000
    large = {"v1": EmbeddingSum(most, np.array([127 * most, -127 * most], dtype="<i4").tobytes())}
    one = total_of([[1.0, 0.0]])
    more = add(large, one)
    assert np.frombuffer(more["v1"].sums, dtype="<i4").tolist() == [127 * most + 127, -127 * most]
    assert subtract(more, one) == large


@pytest.mark.parametrize("embedding", [[0.0, 0.0], [], [math.nan, 1.0], [math.inf, 1.0], [1.7e308, 1.7e308]])
def test_an_embedding_without_a_length_is_refused(embedding: list[float]) -> None:
    """It points nowhere."""
    assert not has_length(embedding)
    with pytest.raises(ValueError, match="must have a length"):
        quantised(embedding)


@pytest.mark.parametrize(
    "embedding",
    [
        [1e308, 1e308],
        [5e-324, 0.0],
        [1e-200, -1e-200],
        [1e300, 1e-300],
    ],
)
def test_numbers_at_the_edge_of_floats_are_kept(embedding: list[float]) -> None:
    """The smallest and the largest numbers have a direction like all others."""
    kept = dequantised(quantised(embedding))
    largest = max(abs(number) for number in embedding)
    shrunk = [number / largest for number in embedding]
    assert kept == pytest.approx([number / math.hypot(*shrunk) for number in shrunk], abs=0.501 / SCALE)
