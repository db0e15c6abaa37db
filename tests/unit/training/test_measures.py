"""The measures, against examples worked by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from training.measures import BINS, accuracy, calibration, macro_f1, macro_recall, report

LABELS = ("a", "b", "c")

pairs = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


def test_measures_on_an_example_worked_by_hand() -> None:
    """Two of three and one of two right: accuracy 3/5, recalls 2/3 and 1/2, F1 2/3 and 1/2."""
    targets, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    assert accuracy(targets, predicted) == pytest.approx(0.6)
    assert macro_recall(targets, predicted) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert macro_f1(targets, predicted) == pytest.approx((2 / 3 + 1 / 2) / 2)


@settings(max_examples=40)
@given(pairs)
def test_a_report_says_what_scikit_learn_says(found: list[tuple[int, int]]) -> None:
    """Confusion, and each class's precision, recall, F1 and support are those of the reference."""
    targets, predicted = (np.array(column) for column in zip(*found, strict=True))
    mine = report(targets, predicted, LABELS)
    precision, recall, f1, support = precision_recall_fscore_support(
        targets, predicted, labels=[0, 1, 2], zero_division=0
    )
    assert np.array_equal(mine.confusion, confusion_matrix(targets, predicted, labels=[0, 1, 2]))
    np.testing.assert_allclose([each.precision for each in mine.classes], precision)
    np.testing.assert_allclose([each.recall for each in mine.classes], recall)
    np.testing.assert_allclose([each.f1 for each in mine.classes], f1)
    assert [each.support for each in mine.classes] == list(support)
    assert mine.accuracy == pytest.approx(float((targets == predicted).mean()))


def test_nothing_to_measure_is_refused() -> None:
    """A report of no text is an error, not a division by zero."""
    empty = np.empty(0, np.int64)
    with pytest.raises(ValueError, match="no text"):
        report(empty, empty, LABELS)


def test_the_calibration_error_of_an_example_worked_by_hand() -> None:
    """Four texts at 0.9 of which three are right, one at 0.6 that is right: 4/5 * 0.15 + 1/5 * 0.4."""
    confident = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]])
    targets = np.array([0, 0, 0, 1, 0])
    found = calibration(targets, confident.argmax(1), confident)
    assert found.error == pytest.approx(0.8 * 0.15 + 0.2 * 0.4)
    assert [each.texts for each in found.bins] == [1, 4]
    assert [(each.low, each.high) for each in found.bins] == [
        pytest.approx((8 / 15, 9 / 15)),
        pytest.approx((13 / 15, 14 / 15)),
    ]
    assert found.bins[1].accuracy == pytest.approx(0.75)


@given(st.lists(st.tuples(st.floats(0.5, 1.0), st.booleans()), min_size=1, max_size=80))
def test_the_bins_hold_every_text_and_the_error_is_a_share(texts: list[tuple[float, bool]]) -> None:
    """Whatever the confidences, even 1, each text is in the one bin whose bounds its confidence lies in."""
    shares = np.array([[share, 1 - share] for share, _ in texts])
    targets = np.array([0 if right else 1 for _, right in texts])
    found = calibration(targets, np.zeros(len(texts), np.int64), shares)
    assert sum(each.texts for each in found.bins) == len(texts)
    assert 0 <= found.error <= 1
    for each in found.bins:
        assert each.high - each.low == pytest.approx(1 / BINS)
        assert each.low - 1e-9 <= each.confidence <= each.high + 1e-9


def test_a_model_that_is_as_right_as_it_is_sure_has_no_error() -> None:
    """Right in seven of ten cases at 0.7, the error is 0; sure of everything, it is 0.3."""
    targets = np.array([0] * 7 + [1] * 3)
    predicted = np.zeros(10, np.int64)
    assert calibration(targets, predicted, np.array([[0.7, 0.3]] * 10)).error == pytest.approx(0)
    assert calibration(targets, predicted, np.array([[1.0, 0.0]] * 10)).error == pytest.approx(0.3)
