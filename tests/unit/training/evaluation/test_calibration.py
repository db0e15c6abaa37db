"""Fitting temperatures, and calibrating a model folder by them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.sentiment.scoring import softmax
from tests.unit.sentiment.onnx_graph import write_tiny
from tests.unit.training.evaluation.corpora import write_corpora
from tests.unit.training.evaluation.word_model import SENTIMENTS, WordModel
from training.evaluation.calibration import HIGHEST, LOWEST, calibrate, calibrate_logits, fit_temperature

SURE = {"bad": [30.0, 0.0, 0.0], "plain": [0.0, 30.0, 0.0], "good": [0.0, 0.0, 30.0]}


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


def test_the_temperature_of_now_is_the_one_before() -> None:
    """A head that has its temperature already has the same error before and after."""
    logits, targets = drawn(3.0)
    found = calibrate_logits(logits, targets, temperature=3.0)
    assert found.before == pytest.approx(found.after, abs=0.01)


@settings(max_examples=25)
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


def test_a_head_that_is_too_sure_gets_a_temperature(tmp_path: Path) -> None:
    """Right in nine of ten cases but always certain: the temperature makes it 90 % sure, and nothing else changes."""
    data = write_corpora(tmp_path / "data")
    folder = WordModel({"sentiment": (SENTIMENTS, SURE)}).write(tmp_path / "m")
    before = json.loads((folder / "config.json").read_text())
    found = calibrate(folder, data)
    assert found.keys() == {"sentiment"}
    assert found["sentiment"].before == pytest.approx(0.1, abs=0.01)
    assert found["sentiment"].after < 0.03
    after = json.loads((folder / "config.json").read_text())
    assert after["voxpop"]["heads"]["sentiment"].pop("temperature") == pytest.approx(
        found["sentiment"].temperature, abs=1e-3
    )
    assert after == before
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.onnx", "tokenizer.json"]


def test_calibrating_again_changes_nothing(tmp_path: Path) -> None:
    """The temperature is fitted to the logits, not to what an earlier temperature made of them."""
    data = write_corpora(tmp_path / "data")
    folder = WordModel({"sentiment": (SENTIMENTS, SURE)}).write(tmp_path / "m")
    first = calibrate(folder, data)["sentiment"]
    second = calibrate(folder, data)["sentiment"]
    assert second.temperature == first.temperature
    assert second.before < 0.03


def test_the_head_for_targets_is_calibrated_on_pairs(tmp_path: Path) -> None:
    """Asked about the targets it is nearly always right, as it would not be of the texts alone."""
    data = write_corpora(tmp_path / "data", rows=900)
    heads = {"sentiment": (SENTIMENTS, SURE), "target_sentiment": (SENTIMENTS, {**SURE, "other": [0.0, 90.0, 0.0]})}
    found = calibrate(WordModel(heads).write(tmp_path / "m"), data)
    assert found["target_sentiment"].before < 0.15
    assert found["target_sentiment"].after < found["target_sentiment"].before


def test_heads_with_other_labels_than_the_corpus_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """A temperature for one head is not written where another's cannot be found."""
    data = write_corpora(tmp_path / "data")
    folder = WordModel({"sentiment": (("negative", "positive"), {"bad": [1.0, 0.0]})}).write(tmp_path / "m")
    before = (folder / "config.json").read_text()
    with pytest.raises(ValueError, match="has the labels negative, positive, but the corpus to calibrate it on has"):
        calibrate(folder, data)
    assert (folder / "config.json").read_text() == before


def test_a_drop_in_folder_has_no_place_for_temperatures(tmp_path: Path) -> None:
    """A hub folder's config.json is not ours to write."""
    with pytest.raises(ValueError, match="only a folder that voxpop wrote can be calibrated"):
        calibrate(write_tiny(tmp_path / "drop-in"), tmp_path)
