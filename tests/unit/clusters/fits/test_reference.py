"""The gap between inertia and that of uniform data."""

import numpy as np

from services.clusters.fits.reference import InertiaGap, dimensions, gaps

RANDOM = np.random.default_rng(0)
EVEN = RANDOM.uniform(size=(400, 3)).astype(np.float32)
THREE = np.concatenate([EVEN[:60] + shift for shift in (0, 4, 8)])


def found(rows: np.ndarray[tuple[int, int], np.dtype[np.float32]], *ks: int) -> dict[int, InertiaGap]:
    """Return the gaps of these ks."""
    return dict(gaps(rows, ks, seed=0, references=4))


def test_groups_have_a_gap_at_their_number() -> None:
    """Of three groups the gap is large and largest at three."""
    gap = found(THREE, 2, 3, 4)
    assert max(gap, key=lambda k: gap[k].value) == 3
    assert gap[3].value > 10 * gap[3].error


def test_even_data_have_none() -> None:
    """Uniform data, also stretched and turned, fall as the reference does."""
    turned = (EVEN @ RANDOM.normal(size=(3, 3))).astype(np.float32)
    assert all(gap.value < 0.1 for rows in (EVEN, turned) for gap in found(rows, 2, 4, 6).values())


def test_more_clusters_than_different_rows_have_no_gap() -> None:
    """Of rows of three kinds four clusters have none, and three an exact fit with a finite one."""
    rows = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    gap = found(rows, 2, 3, 4)
    assert list(gap) == [2, 3]
    assert np.isfinite(gap[3].value)


def test_one_column_is_enough() -> None:
    """Rows of one number have principal components, too."""
    assert found(THREE[:, :1], 3)[3].value > 0.5


def test_rows_vary_in_as_many_directions_as_count() -> None:
    """Even data in three; stretched along one, in little more than one; rows that are all the same, in one."""
    assert 2.8 < dimensions(EVEN) <= 3
    assert 1 < dimensions(EVEN * np.array([9, 1, 1], dtype=np.float32)) < 1.1
    assert dimensions(np.ones((5, 2), dtype=np.float32)) == 1
