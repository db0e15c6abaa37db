"""Calibrating a model folder."""

import json
from pathlib import Path

import pytest

from tests.unit.sentiment.onnx_graph import write_tiny
from tests.unit.training.evaluation.corpora import write_corpora
from tests.unit.training.evaluation.word_model import SENTIMENTS, WordModel
from training.evaluation.calibration import calibrate

SURE = {"bad": [30.0, 0.0, 0.0], "plain": [0.0, 30.0, 0.0], "good": [0.0, 0.0, 30.0]}


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
