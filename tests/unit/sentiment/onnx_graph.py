"""Writes a tiny ONNX classifier whose answers are known beforehand.

Its logits are `weights * sum((input_ids + token_type_ids) * attention_mask)`: padding that is not masked shows.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tokenizers
from onnx import TensorProto, helper, numpy_helper
from tokenizers import models, pre_tokenizers, processors

VOCABULARY = {"[PAD]": 0, "[UNK]": 1, "[SEP]": 2, "good": 3, "bad": 4}


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


def write_tiny(folder: Path, config: Any = None, **graph: Any) -> Path:
    """Write a drop-in classifier in the Hugging Face layout; `config` replaces its config.json."""
    folder.mkdir(exist_ok=True)
    labels = {"0": "NEGATIVE", "1": "NEUTRAL", "2": "POSITIVE"}
    content = {"id2label": labels, "max_position_embeddings": 16} if config is None else config
    (folder / "config.json").write_text(json.dumps(content))
    write_classifier(folder / "model.onnx", **{"weights": [0.0, 0.1, 0.2], **graph})
    tokenizer = tokenizers.Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B:1 [SEP]:1", special_tokens=[("[SEP]", VOCABULARY["[SEP]"])]
    )
    tokenizer.enable_padding(length=12)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _adding_types(inputs: Sequence[str]) -> list[onnx.NodeProto]:
    if not inputs:
        return []
    cast = helper.make_node("Cast", [inputs[0]], ["types"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Add", ["ids", "types"], ["sum"])]
