"""The known indices of validity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from services.clusters.fits import validity
from services.clusters.fits.validity import calinski_harabasz, davies_bouldin, silhouettes

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(2_300, 4)).astype(np.float32)
TWO_BLOBS = np.concatenate([ROWS[:50], ROWS[50:100] + 30])
HALVES = np.repeat([0, 1], 50)


def test_silhouettes_are_those_of_scikit_learn() -> None:
    """Several labellings at once, beyond one chunk, with a cluster of one row."""
    labellings = [RANDOM.integers(k, size=len(ROWS)) for k in (2, 5, 9)]
    labellings[0][:] = 0
    labellings[0][7] = 1
    found = silhouettes(ROWS, labellings)
    assert found == pytest.approx([silhouette_score(ROWS, labels) for labels in labellings], abs=1e-5)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_indices_are_finite_or_none(labels: list[int]) -> None:
    """Whatever the labels, also of rows of which several are the same: no NaN, and silhouettes within [-1, 1]."""
    rows = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [2.0], [7.0], [7.0]], dtype=np.float32)
    labelling = np.array(labels)
    silhouette = silhouettes(rows, [labelling])[0]
    assert (silhouette is None) == (len(set(labels)) == 1)
    assert silhouette is None or -1 <= silhouette <= 1
    for index in (calinski_harabasz(rows, labelling), davies_bouldin(rows, labelling)):
        assert (index is None) == (len(set(labels)) == 1)
        assert index is None or (np.isfinite(index) and index >= 0)


def test_separate_groups_score_better_than_arbitrary_ones() -> None:
    """Two far groups against every other row: silhouette and Caliński-Harabasz higher, Davies-Bouldin lower."""
    mixed = np.tile([0, 1], 50)
    apart, apiece = silhouettes(TWO_BLOBS, [HALVES, mixed])
    assert (apart or 0) > 0.8
    assert (apiece or 0) < 0.1
    assert (calinski_harabasz(TWO_BLOBS, HALVES) or 0) > 100 * (calinski_harabasz(TWO_BLOBS, mixed) or 0)
    assert (davies_bouldin(TWO_BLOBS, HALVES) or 9) < 0.2


def test_one_label_has_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single label has none, and a labelling beside it is still measured, over several chunks."""
    monkeypatch.setattr(validity, "CHUNK", 7)
    alone = np.zeros(100, dtype=np.int64)
    none, some = silhouettes(TWO_BLOBS, [alone, HALVES])
    assert none is None
    assert (some or 0) > 0.8
    assert calinski_harabasz(TWO_BLOBS, alone) is None
    assert davies_bouldin(TWO_BLOBS, alone) is None
