"""INT8 token by token, on a small graph of the real operators."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.sentiment.settings import DEFAULT_MODEL
from training.quantization import quantise

WIDTH, CLASSES, WORDS = 64, 16, 5000


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return an embedding with a linear layer, in fp32 and quantised."""
    folder = tmp_path_factory.mktemp("graphs")
    rng = np.random.default_rng(0)
    table = numpy_helper.from_array(rng.normal(size=(WORDS, WIDTH)).astype(np.float32), "table")
    weight = numpy_helper.from_array(rng.normal(size=(WIDTH, CLASSES)).astype(np.float32), "weight")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "weight"], ["logits"]),
    ]
    nodes[1].metadata_props.add(key="stack_trace", value="/home/somebody/export.py")
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "length", CLASSES])],
        [table, weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "fp32.onnx")
    quantise(folder / "fp32.onnx", folder / "int8.onnx")
    return folder / "fp32.onnx", folder / "int8.onnx"


def run(path: Path, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Run one graph."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], {"input_ids": ids})[0])


def test_int8_stays_near_fp32(graphs: tuple[Path, Path]) -> None:
    """The quantised graph lies within two percent of the largest answer."""
    ids = np.random.default_rng(1).integers(0, WORDS, (4, 9))
    full, small = run(graphs[0], ids), run(graphs[1], ids)
    assert np.abs(full - small).max() < 0.02 * np.abs(full).max()
    assert not np.array_equal(full, small)


def test_a_texts_answer_ignores_its_company(graphs: tuple[Path, Path]) -> None:
    """A row alone and among others gets the same answer, bit for bit."""
    ids = np.random.default_rng(2).integers(0, WORDS, (8, 5))
    alone = np.concatenate([run(graphs[1], ids[i : i + 1]) for i in range(len(ids))])
    assert np.array_equal(alone, run(graphs[1], ids))


def test_the_graph_shrinks_to_about_a_quarter(graphs: tuple[Path, Path]) -> None:
    """Table and weights are stored in a byte a number."""
    assert graphs[1].stat().st_size < 0.3 * graphs[0].stat().st_size


def test_nothing_of_the_machine_stays_in_the_graph(graphs: tuple[Path, Path]) -> None:
    """What the exporter noted of its own files is gone."""
    assert b"somebody" in graphs[0].read_bytes()
    assert b"somebody" not in graphs[1].read_bytes()


def test_the_shipped_graph_names_no_file() -> None:
    """The model in the repository holds no path of the machine that made it."""
    graph = onnx.load(DEFAULT_MODEL / "model.onnx")
    assert all(not node.metadata_props and not node.doc_string for node in graph.graph.node)
