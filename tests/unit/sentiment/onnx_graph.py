"""Writes a tiny ONNX classifier whose answers are known beforehand.

Its logits are `weights * sum((input_ids + token_type_ids) * attention_mask)`: padding that is not masked shows.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_classifier(
    path: Path,
    weights: Sequence[float],
    *,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    output: str = "logits",
) -> None:
    """Write a classifier with one class for each of `weights`; token types, where taken, are added to the ids."""
    nodes = [
        helper.make_node("Cast", [inputs[0]], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [inputs[1]], ["mask"], to=TensorProto.FLOAT),
        *_adding_types(inputs[2:]),
        helper.make_node("Mul", ["sum" if inputs[2:] else "ids", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axes"], ["sums"]),
        helper.make_node("MatMul", ["sums", "weights"], [output]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1], np.int64), "axes"),
        numpy_helper.from_array(np.array([weights], np.float32), "weights"),
    ]
    taken = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in inputs]
    given = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", len(weights)])]
    graph = helper.make_graph(nodes, "classifier", taken, given, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _adding_types(inputs: Sequence[str]) -> list[onnx.NodeProto]:
    if not inputs:
        return []
    cast = helper.make_node("Cast", [inputs[0]], ["types"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Add", ["ids", "types"], ["sum"])]
