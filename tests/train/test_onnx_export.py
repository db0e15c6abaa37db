"""Export: the graph says what the network says, in every precision, and only whole folders are put in place."""

from pathlib import Path

import onnx
import pytest
import torch

from services.sentiment.model_folder import open_model
from training.multi_task_network import MultiTaskNetwork
from training.onnx_export import PRECISIONS, Precision, largest_differences, write_files
from training.recipe import CorpusUse, Recipe, TrainingStage
from training.sequences import ENTITY_LABELS
from training.target_folder import folder_beside

LABELS = {
    "sentiment": ("negative", "neutral", "positive"),
    "target_sentiment": ("negative", "neutral", "positive"),
    "entities": ENTITY_LABELS,
    "embedding": (),
    "masked": (),
}
RECIPE = Recipe(
    name="tiny",
    version="3",
    max_length=32,
    corpora={"free": CorpusUse(head="sentiment")},
    stages=[TrainingStage(name="one", passes={"free": 1.0})],
)


def _network(encoder: Path) -> MultiTaskNetwork:
    torch.manual_seed(1)
    return MultiTaskNetwork(encoder, {head: len(names) for head, names in LABELS.items()})


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_says_what_the_network_says(encoder: Path, tmp_path: Path, precision: Precision) -> None:
    """Each output of the served folder lies near the network's own, and hidden words are not served."""
    network = _network(encoder)
    with folder_beside(tmp_path / "model") as folder:
        write_files(network, LABELS, RECIPE, encoder, precision, folder)
    model = open_model(str(tmp_path / "model"))
    differences = largest_differences(network, model)
    assert set(differences) == set(LABELS) - {"masked"}
    assert model.card.label == "tiny@3"
    assert model.card.embedding is not None
    assert model.card.embedding.version.startswith("tiny@3-")
    assert b"/training/" not in (tmp_path / "model/model.onnx").read_bytes()


def test_a_graph_that_says_something_else_is_refused(encoder: Path, tmp_path: Path) -> None:
    """The comparison with torch is no formality: other weights are found out."""
    with folder_beside(tmp_path / "model") as folder:
        write_files(_network(encoder), LABELS, RECIPE, encoder, "fp32", folder)
    other = _network(encoder)
    with torch.no_grad():
        other.heads["sentiment"][-1].bias += 1
    with pytest.raises(ValueError, match="the exported output 'sentiment' is 1 from the network's"):
        largest_differences(other, open_model(str(tmp_path / "model")))


def test_an_export_leaves_the_network_as_it_was(encoder: Path, tmp_path: Path) -> None:
    """Halves are written, the weights in memory stay whole."""
    network = _network(encoder)
    with folder_beside(tmp_path / "model") as folder:
        write_files(network, LABELS, RECIPE, encoder, "fp16", folder)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_int8_tables_and_matrices_are_bytes(encoder: Path, tmp_path: Path) -> None:
    """Nearly all of the encoder's weights are stored in 8 bits."""
    with folder_beside(tmp_path / "model") as folder:
        write_files(_network(encoder), LABELS, RECIPE, encoder, "int8", folder)
    model = onnx.load(tmp_path / "model/model.onnx")
    wide = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) == 2]
    assert all(min(t.dims) <= 64 and max(t.dims) <= 1100 for t in wide)
    assert any(t.data_type == onnx.TensorProto.INT8 for t in model.graph.initializer)
