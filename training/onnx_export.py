"""From trained weights to the model folder that the service loads, and whether its graph says what the network says."""

import copy
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.sentiment.engine import Engine
from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokenizer
from training.corpora import encode
from training.multi_task_network import EMBEDDING, MASKED, MultiTaskNetwork
from training.quantization import quantise, strip
from training.recipe import Recipe
from training.target_folder import GRAPH, write_config
from training.tasks import pad

OPSET = 18
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
Precision = Literal["fp32", "fp16", "int8"]
_SERVED = "served."
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
_ENCODER_KEYS: Final = (
    "model_type",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "vocab_size",
    "hidden_act",
    "layer_norm_eps",
    "pad_token_id",
)
MOST: Final[Mapping[str, float]] = {"fp32": 1e-3, "fp16": 5e-2, "int8": 2.0}
"""How far a logit, or a part of an embedding, may be from the network's own."""

TARGET: Final = "British Airways"
TEXTS: Final = (
    "I love it",
    "WORST airline EVER, 3 hours late and nobody at the desk :(",
    "@user the new phone is out on Monday, anyone going to the shop in Berlin?",
    "ok",
    "Thank you so much @user for the upgrade, you made my mother's birthday! 🎉 " * 4,
)


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


def write_files(
    network: MultiTaskNetwork,
    labels: Mapping[str, tuple[str, ...]],
    recipe: Recipe,
    encoder: Path,
    precision: Precision,
    folder: Path,
) -> None:
    """Export `network` into `folder` with the tokenizer of `encoder`; `labels` names each head's classes in order."""
    export_network(network, folder / GRAPH, precision)
    shutil.copy2(encoder / "tokenizer.json", folder / "tokenizer.json")
    of_encoder = json.loads((encoder / "config.json").read_text("utf-8"))
    config = {name: of_encoder[name] for name in _ENCODER_KEYS if name in of_encoder}
    config |= {
        "type_vocab_size": network.encoder.config.type_vocab_size,
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(i): label for i, label in enumerate(labels["sentiment"])},
        "label2id": {label: i for i, label in enumerate(labels["sentiment"])},
        "voxpop": _own(labels, recipe, precision, [head for head in served_heads(network) if head != EMBEDDING]),
    }
    if EMBEDDING in network.heads:
        version = f"{recipe.name}@{recipe.version}-{_digest(network)}"
        config["voxpop"]["embedding"] = {"output": EMBEDDING, "version": version}
    write_config(folder, config)


def largest_differences(network: MultiTaskNetwork, model: ModelFolder) -> dict[str, float]:
    """Return, by output, the largest difference of any number between `network` (in fp32) and the graph.

    Texts of several lengths are read in one batch, alone and as pairs with a target. Raises ValueError, naming
    the output, where a difference is larger than MOST allows for the graph's precision, or is no number.
    """
    tokenizer, engine = Tokenizer.of(model), Engine(model, "cpu", 0)
    differences: dict[str, float] = {}
    for targets in (None, [TARGET] * len(TEXTS)):
        tokens = encode(tokenizer, TEXTS, targets)
        answers = engine.run(tokens)
        with torch.inference_mode():
            wanted = network.float().eval()(*pad(tokens), tuple(answers))
        for name, answer in answers.items():
            rows = zip(tokens, answer, wanted[name].numpy(), strict=True)
            apart = [np.abs(_real(mine, len(row)) - _real(theirs, len(row))).max() for row, mine, theirs in rows]
            differences[name] = float(np.max([differences.get(name, 0.0), *apart]))
    most = MOST.get(model.card.precision, MOST["fp32"])
    for name, difference in differences.items():
        if not difference <= most:
            raise ValueError(f"the exported output '{name}' is {difference:.3g} from the network's, more than {most}")
    return differences


def _name_outputs(model: Any, outputs: Sequence[str]) -> None:
    """Give the graph's outputs their names; a value inside that the exporter named so makes way."""
    new = {name: f"inner.{name}" for name in outputs} | {f"{_SERVED}{name}": name for name in outputs}
    for node in model.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
    for value in (*model.graph.output, *model.graph.value_info, *model.graph.initializer):
        value.name = new.get(value.name, value.name)


def _digest(network: MultiTaskNetwork) -> str:
    """Return a short digest of the weights: vectors of other weights are never compared, whatever they are called."""
    digest = hashlib.sha256()
    for name, weight in sorted(network.state_dict().items()):
        digest.update(name.encode() + weight.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]


def _own(
    labels: Mapping[str, tuple[str, ...]], recipe: Recipe, precision: Precision, heads: list[str]
) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "version": recipe.version,
        "precision": precision,
        "languages": ["en"],
        "max_length": recipe.max_length,
        "licence": recipe.licence(),
        "case_types": True,
        "heads": {head: {"output": head, "labels": list(labels[head]), "temperature": 1.0} for head in heads},
        "evaluation": {},
    }


def _real(values: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Leave out what stands where a shorter text was padded."""
    return values[:length] if values.ndim > 1 else values
