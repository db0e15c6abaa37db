"""Opening a model folder: our own, drop-in classifiers, and folders that cannot be served."""

from pathlib import Path
from typing import Any

import pytest

from services.sentiment import model_folder
from services.sentiment.model_folder import ModelFolder, open_model
from shared.errors import SettingsError
from tests.unit.sentiment.conftest import TinyModel

OWN: dict[str, Any] = {
    "voxpop": {
        "name": "two-heads",
        "version": "1.2",
        "precision": "int8",
        "languages": ["en", "de"],
        "max_length": 32,
        "licence": "Apache-2.0",
        "heads": {
            "sentiment": {"output": "logits", "labels": ["negative", "neutral", "positive"], "temperature": 1.5},
            "subjectivity": {"output": "logits", "labels": ["objective", "subjective"]},
            "colour": {"output": "colour", "labels": ["red", "green"]},
        },
        "embedding": {"output": "embedding", "version": "e1"},
        "evaluation": {"macro_recall": 0.7},
    }
}


def changed(**values: Any) -> dict[str, Any]:
    """Return our own configuration with some values replaced."""
    return {"voxpop": {**OWN["voxpop"], **values}}


def test_the_shipped_folder_describes_itself(shipped: ModelFolder) -> None:
    """The shipped model says its name, version and languages, and has both heads that the default features need."""
    card = shipped.card
    assert card.name == "voxpop-minilm"
    assert card.version
    assert card.languages == ("en",)
    assert {"sentiment", "subjectivity"} <= card.heads.keys()
    assert card.licence


def test_our_own_configuration_is_read_in_full(tiny_model: TinyModel) -> None:
    """Every value under `voxpop` arrives in the card; a head of a later model that is not known is left out."""
    card = open_model(str(tiny_model(OWN))).card
    assert card.label == "two-heads@1.2"
    assert card.languages == ("en", "de")
    assert card.max_length == 32
    assert card.heads.keys() == {"sentiment", "subjectivity"}
    assert card.heads["sentiment"].temperature == 1.5
    assert card.embedding is not None
    assert card.embedding.version == "e1"
    assert card.evaluation == {"macro_recall": 0.7}


def test_a_drop_in_classifier_is_read_from_id2label(tiny_model: TinyModel) -> None:
    """A folder without `voxpop` is a sentiment classifier named after its folder, with labels by class number."""
    config = {"id2label": {"2": "positive", "0": "negative", "1": "neutral"}, "dtype": "float32"}
    folder = tiny_model(config)
    card = open_model(str(folder)).card
    assert card.heads["sentiment"].labels == ("negative", "neutral", "positive")
    assert card.heads["sentiment"].output == "logits"
    assert (card.name, card.label, card.precision) == (folder.name, folder.name, "float32")
    assert card.languages == ()


@pytest.mark.parametrize(
    ("kind", "positions", "length"),
    [("bert", 512, 512), ("xlm-roberta", 514, 512), ("bert", 64, 64), ("roberta", 130, 128), ("t", 4096, 512)],
)
def test_a_drop_in_model_never_reads_past_its_positions(
    tiny_model: TinyModel, kind: str, positions: int, length: int
) -> None:
    """The maximum length follows the position table, which RoBERTa starts two later, and ends at 512."""
    config = {
        "id2label": {"0": "negative", "1": "positive"},
        "model_type": kind,
        "max_position_embeddings": positions,
        "pad_token_id": 1,
    }
    card = open_model(str(tiny_model(config))).card
    assert (card.max_length, card.pad_id) == (length, 1)


def test_optimums_subfolder_is_found(tiny_model: TinyModel) -> None:
    """Hub repositories keep the graph under onnx/: it is taken from there."""
    folder = tiny_model()
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert open_model(str(folder)).graph == folder / "onnx" / "model.onnx"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tiny_model: TinyModel, name: str) -> None:
    """A folder that lacks a file is refused with the file's name."""
    folder = tiny_model()
    (folder / name).unlink()
    with pytest.raises(SettingsError, match=f"SENTIMENT_MODEL: {name} missing"):
        open_model(str(folder))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "the file"),
        ({"id2label": {"zero": "negative"}}, "id2label"),
        ({"id2label": {"0": "spam", "1": "ham"}}, "spam, ham; needed are negative"),
        ({}, "needed are negative"),
        (changed(heads={}), "no head 'sentiment'"),
        (changed(heads={"sentiment": {"output": "logits", "labels": ["a", "b"]}}), "labels of its sentiment head"),
        (changed(heads={"sentiment": {"output": "logits", "labels": ["negative"]}}), "voxpop.heads.sentiment.labels"),
        (
            changed(heads=OWN["voxpop"]["heads"] | {"irony": {"output": "i", "labels": ["a", "b", "c"]}}),
            "head 'irony' has the labels a, b, c",
        ),
        (changed(max_length=0), "voxpop.max_length"),
        (changed(embedding={"output": "embedding"}), "voxpop.embedding.version: Field required"),
        (changed(embedding={"output": "embedding", "version": ""}), "voxpop.embedding.version"),
        (
            changed(heads=OWN["voxpop"]["heads"] | {"target_sentiment": {"output": "t", "labels": ["for", "against"]}}),
            "labels of its target_sentiment head are for, against",
        ),
        (
            changed(heads=OWN["voxpop"]["heads"] | {"entities": {"output": "e", "labels": ["O", "B-animal"]}}),
            "labels of its entities head have B-animal",
        ),
        (
            changed(heads={"sentiment": {"output": "x", "labels": ["negative", "positive"], "temperature": 0}}),
            "temperature",
        ),
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused_by_its_key(
    tiny_model: TinyModel, config: Any, message: str
) -> None:
    """What is wrong in config.json is said with the key it stands under."""
    with pytest.raises(SettingsError, match=message):
        open_model(str(tiny_model(config)))


def test_a_configuration_that_is_no_json_is_refused(tiny_model: TinyModel) -> None:
    """A damaged config.json is named as such."""
    folder = tiny_model()
    (folder / "config.json").write_text('{"id2label": ')
    with pytest.raises(SettingsError, match="no JSON"):
        open_model(str(folder))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A path without a folder is refused with what a folder must hold."""
    with pytest.raises(SettingsError, match=r"there is no folder .* tokenizer\.json"):
        open_model(str(tmp_path / "nothing"))


def test_a_hub_id_is_fetched_and_keeps_its_name(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub id is fetched as a snapshot, of which only the files that serving needs, and names the model."""
    folder, asked = tiny_model(), []

    def snapshot(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append((hub_id, allow_patterns))
        return str(folder)

    monkeypatch.setattr(model_folder, "snapshot_download", snapshot)
    assert open_model("someone/some-model").card.name == "someone/some-model"
    assert asked[0][0] == "someone/some-model"
    assert {"config.json", "tokenizer.json", "model.onnx"} <= set(asked[0][1])


def test_a_hub_id_without_a_network_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, a hub id that is not cached ends in a sentence, not in a traceback."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SettingsError, match=r"could not be fetched from the hub .* check the name and the network"):
        open_model("someone/a-model-that-nobody-made")
