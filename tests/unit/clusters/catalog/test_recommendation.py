"""Products by a cluster's interests: near, diverse, explained, and those that no cluster wants."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.clusters.catalog.recommendation import WANTED, explaining, ranked, unwanted


def unit(*numbers: float) -> np.ndarray:
    """Return the direction of some numbers."""
    vector = np.array(numbers, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


ALL = unit(1, 1, 1)


def test_what_is_nearest_comes_first_and_what_is_far_not_at_all() -> None:
    """A product without anything in common with the cluster is not recommended to it."""
    products = np.stack([unit(0, 0, 1), unit(1, 0.2, 0), unit(1, 1, 0)])
    assert [one.place for one in ranked(products, unit(1, 0, 0), ALL, 5)] == [1, 2]


def test_a_product_like_one_that_stands_already_comes_later() -> None:
    """Of three near ones the second of two twins comes last."""
    products = np.stack([unit(1, 0.3, 0), unit(1, 0.3, 0.001), unit(1, -0.6, 0)])
    assert [one.place for one in ranked(products, unit(1, 0.1, 0), unit(1, 0.1, 0), 3)] == [0, 2, 1]


def test_what_all_clusters_want_alike_tells_none_apart() -> None:
    """Of two products equally near, the one that is far from everyone's mean comes first."""
    products = np.stack([unit(1, 1, 0), unit(1, -1, 0)])
    assert [one.place for one in ranked(products, unit(1, 0, 0), unit(1, 1, 0), 2)] == [1, 0]


@given(st.integers(0, 2**31), st.integers(0, 30), st.integers(0, 12))
def test_recommendations_are_distinct_wanted_and_no_more_than_asked_for(seed: int, count: int, most: int) -> None:
    """Each with its cosine; the same products in another order give the same set of the first one."""
    random = np.random.default_rng(seed)
    products = random.normal(size=(count, 6)).astype(np.float32)
    products /= np.maximum(np.linalg.norm(products, axis=1, keepdims=True), 1e-9)
    interests = unit(*random.normal(size=6))
    found = ranked(products, interests, unit(*random.normal(size=6)), most)
    assert len({one.place for one in found}) == len(found) <= most
    assert all(WANTED <= one.score <= 1 for one in found)
    assert {one.place for one in unwanted(products, interests[None])}.isdisjoint(one.place for one in found)


def test_a_product_that_is_near_no_cluster_is_said() -> None:
    """With the cosine of the cluster that comes nearest; without clusters no product is wanted."""
    products = np.stack([unit(1, 0, 0), unit(0, 0, 1)])
    assert [one.place for one in unwanted(products, np.stack([unit(1, 0, 0), unit(0, 1, 0)]))] == [1]
    assert [one.place for one in unwanted(products, np.zeros((0, 3), np.float32))] == [0, 1]
    assert unwanted(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)) == []


def test_the_nearest_terms_explain_a_product() -> None:
    """Those that have nothing to do with it are left out."""
    vectors = np.stack([unit(1, 0.1, 0), unit(0, 1, 0), unit(1, 1, 0)])
    assert explaining(unit(1, 0, 0), ["luggage", "queue", "bag"], vectors) == ["luggage", "bag"]
    assert explaining(unit(1, 0, 0), [], np.zeros((0, 3), np.float32)) == []
