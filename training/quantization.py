"""INT8 weights with activations quantised token by token, so that a text's answer ignores its batch.

ONNX Runtime's own dynamic quantisation takes one activation range over the whole batch, and a text's
answer then moves with its company. Here every token vector has a range of its own (the "token-wise"
scheme of ZeroQuant, Yao et al. 2022): symmetric, 8 bit. Weights are symmetric 8 bit with a scale for
each output channel, the embedding table with a scale for each row.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
LEVELS = 127
MIDDLE = 128
MIN_SCALE = 1e-8


@dataclass
class _Rewrite:
    """The graph under rewriting: what was added, what was quantised already."""

    model: Any
    weights: dict[str, NDArray[np.float32]]
    nodes: list[Any] = field(default_factory=list)
    quantised: dict[str, tuple[str, str]] = field(default_factory=dict)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if all(existing.name != name for existing in self.model.graph.initializer):
            self.model.graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def quantise(source: Path, target: Path) -> None:
    """Write the fp32 graph `source` as an INT8 graph `target` with the same inputs and outputs.

    Every MatMul by a constant matrix and every Gather from a large constant table is rewritten.
    """
    model = onnx.load(source)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    rewrite = _Rewrite(model, weights)
    replaced: set[str] = set()
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights and weights[node.input[1]].ndim == 2:  # noqa: PLR2004
            _linear(rewrite, node)
            replaced.add(node.input[1])
        elif node.op_type == "Gather" and node.input[0] in weights and weights[node.input[0]].nbytes > 2**20:
            _embedding(rewrite, node)
            replaced.add(node.input[0])
        else:
            rewrite.nodes.append(node)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in replaced]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    del model.graph.node[:]
    model.graph.node.extend(rewrite.nodes)
    del model.graph.value_info[:]
    strip(model)
    if all(opset.domain != CONTRIB for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    onnx.save(model, target)


def strip(model: Any) -> None:
    """Remove what the exporter notes of its making: stack traces hold the paths of the machine that it ran on."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def _linear(rewrite: _Rewrite, node: Any) -> None:
    activation, weight_name = node.input
    weight = rewrite.weights[weight_name]
    scale = np.maximum(np.abs(weight).max(axis=0) / LEVELS, MIN_SCALE).astype(np.float32)
    matrix = np.clip(np.rint(weight / scale), -LEVELS, LEVELS).astype(np.int8)
    base = f"{node.output[0]}.int8"
    tokens, token_scale = rewrite.quantised.get(activation) or _tokens(rewrite, activation, weight.shape[0])
    rewrite.quantised[activation] = (tokens, token_scale)
    product = rewrite.add(
        "MatMulIntegerToFloat",
        [
            tokens,
            rewrite.constant(f"{weight_name}.int8", matrix),
            rewrite.constant("one", np.array(1, np.float32)),
            rewrite.constant(f"{weight_name}.scale", scale),
            rewrite.constant("middle", np.array(MIDDLE, np.uint8)),
        ],
        f"{base}.product",
        domain=CONTRIB,
    )
    rewrite.add("Mul", [product, token_scale], node.output[0])


def _tokens(rewrite: _Rewrite, activation: str, width: int) -> tuple[str, str]:
    """Quantise (batch, length, width) floats; return the uint8 tensor and its scales (batch, length, 1)."""
    base = f"{activation}.tokens"
    axis = rewrite.constant("last_axis", np.array([-1], np.int64))
    size = rewrite.add("Abs", [activation], f"{base}.abs")
    largest = rewrite.add("ReduceMax", [size, axis], f"{base}.max", keepdims=1)
    floor = rewrite.constant("min_range", np.array(MIN_SCALE * LEVELS, np.float32))
    range_ = rewrite.add("Max", [largest, floor], f"{base}.range")
    scale = rewrite.add("Mul", [range_, rewrite.constant("level", np.array(1 / LEVELS, np.float32))], f"{base}.scale")
    rows = rewrite.constant(f"rows_of_{width}", np.array([-1, width], np.int64))
    flat = rewrite.add("Reshape", [activation, rows], f"{base}.flat")
    scales = rewrite.add("Reshape", [scale, rewrite.constant("any", np.array([-1], np.int64))], f"{base}.scales")
    count = rewrite.add("Shape", [scales], f"{base}.count")
    middles = rewrite.add("Expand", [rewrite.constant("middle", np.array(MIDDLE, np.uint8)), count], f"{base}.middles")
    quantised = rewrite.add("QuantizeLinear", [flat, scales, middles], f"{base}.rows", axis=0)
    shape = rewrite.add("Shape", [activation], f"{base}.shape")
    return rewrite.add("Reshape", [quantised, shape], f"{base}.uint8"), scale


def _embedding(rewrite: _Rewrite, node: Any) -> None:
    table_name, rows = node.input
    table = rewrite.weights[table_name]
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True) / LEVELS, MIN_SCALE).astype(np.float32)
    matrix = np.clip(np.rint(table / scale), -LEVELS, LEVELS).astype(np.int8)
    base = f"{node.output[0]}.int8"
    found = rewrite.add("Gather", [rewrite.constant(f"{table_name}.int8", matrix), rows], f"{base}.rows")
    scales = rewrite.add("Gather", [rewrite.constant(f"{table_name}.scale", scale), rows], f"{base}.scales")
    numbers = rewrite.add("Cast", [found], f"{base}.numbers", to=TensorProto.FLOAT)
    rewrite.add("Mul", [numbers, scales], node.output[0])
