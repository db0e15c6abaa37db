"""The authors of a run in two dimensions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.clusters.fits import map_points as module
from services.clusters.fits.map_points import map_points

Floats = NDArray[np.float64]


def blobs(count: int, dimensions: int = 6) -> tuple[Floats, NDArray[np.int64]]:
    """Return `count` rows in three heaps far from one another, and the heap of each."""
    random = np.random.default_rng(5)
    heaps = np.arange(count) % 3
    middles = 20.0 * np.eye(3, dimensions)
    return middles[heaps] + random.normal(size=(count, dimensions)), heaps


def spread(points: NDArray[np.float32], clusters: NDArray[np.int64]) -> float:
    """Return how far members lie from their middle in the mean, measured by how far the middles lie apart."""
    middles = np.stack([points[clusters == cluster].mean(axis=0) for cluster in np.unique(clusters)])
    inside = np.linalg.norm(points - middles[np.searchsorted(np.unique(clusters), clusters)], axis=1).mean()
    apart = np.linalg.norm(middles[:, None] - middles, axis=2)
    return float(inside / apart[apart > 0].min())


def test_umap_keeps_heaps_apart_and_is_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours stay neighbours, also those who are placed among fitted rows; a second time gives the same points."""
    monkeypatch.setattr(module, "MOST_FITTED", 60)
    rows, heaps = blobs(150)
    one, other = map_points(rows, heaps, 3), map_points(rows, heaps, 3)
    assert (one.points == other.points).all()
    assert one.points.shape == (150, 2)
    assert np.bincount(one.clusters).tolist() == [50, 50, 50]
    assert spread(one.points, one.clusters) < 0.3


def test_a_map_of_many_is_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more points than are shown, from every heap."""
    monkeypatch.setattr(module, "MOST_POINTS", 20)
    shown = map_points(*blobs(90))
    assert len(shown.points) == len(shown.clusters) == 20
    assert set(shown.clusters.tolist()) == {0, 1, 2}


def test_few_authors_are_shown_by_their_principal_components() -> None:
    """Heaps lie apart, and the middle of the map is nought."""
    shown = map_points(*blobs(24))
    assert spread(shown.points, shown.clusters) < 0.3
    assert np.allclose(shown.points.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 1), (40, 1), (40, 2), (12, 0)])
def test_whatever_there_is_has_a_finite_map(shape: tuple[int, int]) -> None:
    """Nobody, one author, one dimension or none: a point each, and none that is not a number."""
    shown = map_points(np.ones(shape), np.zeros(shape[0], dtype=np.int64))
    assert shown.points.shape == (shape[0], 2)
    assert np.isfinite(shown.points).all()


def test_the_order_of_points_tells_nothing_of_keys() -> None:
    """Points come by cluster and place: two authors who swap their keys swap nothing on the map."""
    rows, heaps = blobs(27)
    swapped = np.roll(np.arange(27), 7)
    one, other = map_points(rows, heaps), map_points(rows[swapped], heaps[swapped])
    assert np.allclose(one.points, other.points, atol=1e-3)
    assert (one.clusters == other.clusters).all()
