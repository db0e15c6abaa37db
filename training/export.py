"""From trained weights to an ONNX graph with one named output a head."""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import onnx
import torch
from torch import Tensor, nn

from training.network import MASKED, MultiTaskNetwork
from training.quantization import quantise, strip

OPSET = 18
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
Precision = Literal["fp32", "fp16", "int8"]
_SERVED = "served."
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


class _Served(nn.Module):
    """The network as a graph: ids, mask and types in, every served head's answer out, in fp32."""

    def __init__(self, network: MultiTaskNetwork) -> None:
        super().__init__()
        self.network = network
        self.names = served_heads(network)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, ...]:
        answers = self.network(input_ids, attention_mask, token_type_ids, self.names)
        return tuple(answers[name].float() for name in self.names)


def served_heads(network: MultiTaskNetwork) -> tuple[str, ...]:
    """Return the heads that are exported: guessing hidden words is training's alone."""
    return tuple(name for name in network.heads if name != MASKED)


def export_network(network: MultiTaskNetwork, target: Path, precision: Precision) -> None:
    """Write `network` as an ONNX graph: batch and length dynamic, outputs named as its heads.

    fp16 takes and gives the same types as fp32 and computes in halves: for a GPU. int8 is for a CPU.
    """
    network = copy.deepcopy(network).cpu().eval()
    network.encoder.set_attn_implementation("eager")
    if precision == "fp16":
        network = network.half()
    export_module(_Served(network), target, INPUTS, served_heads(network))
    if precision == "int8":
        quantise(target, target)


def export_module(module: nn.Module, target: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Write a module that takes int64 tensors (batch, length) as an ONNX graph with these names.

    The exporter folds constants and drops dead nodes; the runtime fuses the rest when it loads.
    """
    example = {
        "input_ids": torch.tensor([[101, 7592, 2088, 102], [101, 2204, 102, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
        "token_type_ids": torch.zeros(2, 4, dtype=torch.int64),
    }
    shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            module.eval(),
            tuple(example[name] for name in inputs),
            raw,
            input_names=list(inputs),
            output_names=[f"{_SERVED}{name}" for name in outputs],
            dynamic_shapes=dict.fromkeys(inputs, shape),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            optimize=True,
        )
        model = onnx.load(raw)
        _name_outputs(model, outputs)
        strip(model)
        onnx.checker.check_model(model)
        onnx.save(model, target)


def _name_outputs(model: Any, outputs: Sequence[str]) -> None:
    """Give the graph's outputs their names; a value inside that the exporter named so makes way."""
    new = {name: f"inner.{name}" for name in outputs} | {f"{_SERVED}{name}": name for name in outputs}
    for node in model.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for value in (*model.graph.output, *model.graph.value_info, *model.graph.initializer):
        value.name = new.get(value.name, value.name)
