"""Writes tiny ONNX models whose answers are known, and their tokenizers.

The logits of a classifier are `weights * sum((input_ids + token_type_ids) * attention_mask)`: padding that is not
masked shows.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tokenizers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import models, pre_tokenizers, processors

Table = NDArray[np.float32]
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
    write_words(folder / "tokenizer.json", tuple(VOCABULARY), padded=12)
    return folder


def write_tables(path: Path, summed: Mapping[str, Table], by_token: Mapping[str, Table]) -> None:
    """Write a graph that looks tokens up: outputs summed over real ones, (batch, width), or (batch, length, width)."""
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["real", "last"], ["weights"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([-1], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "tokens"),
    ]
    given = []
    for name, numbers in {**summed, **by_token}.items():
        constants.append(numpy_helper.from_array(numbers, f"{name} table"))
        found = name if name in by_token else f"{name} found"
        nodes.append(helper.make_node("Gather", [f"{name} table", "input_ids"], [found]))
        if name in summed:
            nodes.append(helper.make_node("Mul", [found, "weights"], [f"{name} real"]))
            nodes.append(helper.make_node("ReduceSum", [f"{name} real", "tokens"], [name], keepdims=0))
        shape = ["batch", numbers.shape[1]] if name in summed else ["batch", "length", numbers.shape[1]]
        given.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    taken = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    graph = helper.make_graph(nodes, "tables", taken, given, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def write_words(path: Path, words: Sequence[str], padded: int = 0) -> None:
    """Write a tokenizer of words between blanks; a text ends with `[SEP]`, and comes before its target."""
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B:1 [SEP]:1", special_tokens=[("[SEP]", vocabulary["[SEP]"])]
    )
    if padded:
        tokenizer.enable_padding(length=padded)
    tokenizer.save(str(path))


def _adding_types(inputs: Sequence[str]) -> list[onnx.NodeProto]:
    if not inputs:
        return []
    cast = helper.make_node("Cast", [inputs[0]], ["types"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Add", ["ids", "types"], ["sum"])]
