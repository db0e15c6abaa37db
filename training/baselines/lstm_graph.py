"""The LSTM as an ONNX graph, built from its weights: the runtime's own LSTM operator knows where each text ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET: Final = 18
IR_VERSION: Final = 9

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class LstmWeights:
    """Weights with torch's names, shapes and order of gates (input, forget, cell, output).

    `embedding` (words, width), `of_input` (4 hidden, width), `of_state` (4 hidden, hidden), `bias`
    (4 hidden), `classifier` (classes, hidden), `classifier_bias` (classes).
    """

    embedding: Matrix
    of_input: Matrix
    of_state: Matrix
    bias: Matrix
    classifier: Matrix
    classifier_bias: Matrix


def write_lstm(weights: LstmWeights, outputs: Sequence[str], path: Path) -> None:
    """Write the graph: `input_ids` and `attention_mask` (batch, length) in, logits (batch, classes) out.

    Each of `outputs` is the name of an output with the same logits. A text is read up to its last real
    token, so padding on the right changes nothing.
    """
    hidden = weights.of_state.shape[1]
    constants = {
        "embedding": weights.embedding,
        "of_input": _gates(weights.of_input)[None],
        "of_state": _gates(weights.of_state)[None],
        "bias": np.concatenate([_gates(weights.bias), np.zeros_like(weights.bias)])[None],
        "classifier": np.ascontiguousarray(weights.classifier.T),
        "classifier_bias": weights.classifier_bias,
        "second": np.array([1], np.int64),
        "first": np.array([0], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "input_ids"], ["vectors"]),
        helper.make_node("Transpose", ["vectors"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("ReduceSum", ["attention_mask", "second"], ["lengths"], keepdims=0),
        helper.make_node("Cast", ["lengths"], ["ends"], to=TensorProto.INT32),
        helper.make_node("LSTM", ["steps", "of_input", "of_state", "bias", "ends"], ["", "last"], hidden_size=hidden),
        helper.make_node("Squeeze", ["last", "first"], ["state"]),
        helper.make_node("Gemm", ["state", "classifier", "classifier_bias"], [outputs[0]]),
        *(helper.make_node("Identity", [outputs[0]], [name]) for name in outputs[1:]),
    ]
    taken = [_tensor(name, TensorProto.INT64, "length") for name in ("input_ids", "attention_mask")]
    given = [_tensor(name, TensorProto.FLOAT, len(weights.classifier_bias)) for name in outputs]
    initialisers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "lstm", taken, given, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _gates(rows: Matrix) -> Matrix:
    """Put the gates from torch's order (input, forget, cell, output) into ONNX's (input, output, forget, cell)."""
    entry, forget, cell, output = np.split(rows, 4)
    return np.concatenate([entry, output, forget, cell])


def _tensor(name: str, kind: int, width: str | int) -> Any:
    return helper.make_tensor_value_info(name, kind, ["batch", width])
