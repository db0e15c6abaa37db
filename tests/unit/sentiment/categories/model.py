"""A tiny model with embeddings: a text's is the mean of its words' rows in a table, scaled to length 1."""

import json
from pathlib import Path

import numpy as np
import onnx
import tokenizers
from onnx import TensorProto, helper, numpy_helper
from tokenizers import models, pre_tokenizers

WORDS = ("[UNK]", "[PAD]", "my", "bag", "is", "lost", "hours", "of", "delay", "give", "me", "a", "window", "said")
VERSION = "words-1"
_WIDTH = 8


def write_model(folder: Path, *, embedding: bool = True) -> Path:
    """Write a model that is always neutral into a new folder; return the folder."""
    folder.mkdir()
    own = {
        "name": "words",
        "heads": {"sentiment": {"output": "sentiment", "labels": ["negative", "neutral", "positive"]}},
        **({"embedding": {"output": "embedding", "version": VERSION}} if embedding else {}),
    }
    (folder / "config.json").write_text(json.dumps({"voxpop": own, "pad_token_id": 1}))
    tokenizer = tokenizers.Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(_graph(), folder / "model.onnx")
    return folder


def _graph() -> onnx.ModelProto:
    table = np.random.default_rng(1).standard_normal((len(WORDS), _WIDTH)).astype(np.float32)
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([1], np.int64), "axes"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.zeros((_WIDTH, 3), np.float32), "nothing"),
        numpy_helper.from_array(np.array([0, 1, 0], np.float32), "neutral"),
    ]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["rows", "wide"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axes"], ["sum"], keepdims=0),
        helper.make_node("LpNormalization", ["sum"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["sum", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "neutral"], ["sentiment"]),
    ]
    taken = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    given = [
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", _WIDTH]),
        helper.make_tensor_value_info("sentiment", TensorProto.FLOAT, ["batch", 3]),
    ]
    graph = helper.make_graph(nodes, "words", taken, given, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
