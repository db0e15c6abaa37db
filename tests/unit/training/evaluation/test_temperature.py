"""Fitting temperatures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.sentiment.scoring import softmax
from training.evaluation.calibration import HIGHEST, LOWEST, calibrate_logits, fit_temperature


def drawn(temperature: float, texts: int = 4000, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return logits, and classes drawn from what they say once they are divided by `temperature`."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (texts, 3)) * temperature
    shares = softmax(logits, temperature)
    targets = (random.random((texts, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    return logits, np.minimum(targets, 2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_classes_were_drawn_with_is_found(temperature: float) -> None:
    """On classes drawn with a temperature the fit finds it within a tenth."""
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.1)


def test_calibrating_lowers_the_error_on_the_other_half() -> None:
    """Logits three times too sure: the error falls to next to nothing where it was not fitted, the classes stay."""
    found = calibrate_logits(*drawn(3.0))
    assert found.before > 0.1
    assert found.after < 0.03
    assert found.texts == 4000


def test_the_temperature_at_hand_is_the_one_before() -> None:
    """A head that has its temperature already has the same error before and after."""
    logits, targets = drawn(3.0)
    found = calibrate_logits(logits, targets, temperature=3.0)
    assert found.before == pytest.approx(found.after, abs=0.01)


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.integers(0, 1)), min_size=2, max_size=30))
def test_any_finite_logits_give_a_temperature_within_bounds(rows: list[tuple[float, float, int]]) -> None:
    """Huge logits, texts all right or all wrong: the temperature stays finite and within its bounds."""
    logits = np.array([row[:2] for row in rows])
    targets = np.array([row[2] for row in rows])
    assert LOWEST * 0.99 <= fit_temperature(logits, targets) <= HIGHEST * 1.01
    assert 0 <= calibrate_logits(logits, targets).after <= 1


def test_logits_that_are_no_numbers_are_refused() -> None:
    """A NaN is named rather than carried into config.json."""
    with pytest.raises(ValueError, match="finite logits"):
        fit_temperature(np.array([[np.nan, 0.0]]), np.array([0]))
    with pytest.raises(ValueError, match="at least two texts"):
        calibrate_logits(np.array([[1.0, 0.0]]), np.array([0]))
