"""The folder of a trained LSTM, as the service loads it: a tokenizer of whole words, the graph, the configuration.

The graph is built from the weights: the runtime's own LSTM operator knows where each text ends.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

VERSION: Final = "1"
LICENCE: Final = "code Apache-2.0; the weights were trained on research corpora whose terms limit them to research use"
PADDING: Final = "[PAD]"
UNKNOWN: Final = "[UNK]"
SEPARATOR: Final = "[SEP]"
SPECIAL: Final = (PADDING, UNKNOWN, SEPARATOR)
OPSET: Final = 18
IR_VERSION: Final = 9
_SEEN: Final = 2

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


def learn_words(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a tokenizer of whole words, as the older systems had it.

    It knows the `size` most frequent words of `texts`, in lower case, special ones counted. A word is a run of
    letters and digits, or of signs, so that `:)` is one. A text ends with the separator, so that none is empty; a
    target goes before its text, with a separator between, so that an LSTM reads the text knowing what it is about.
    Words seen once are left unknown. Padding is id 0.

    Raises ValueError where no word is left.
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, min_frequency=_SEEN, special_tokens=list(SPECIAL), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() == len(SPECIAL):
        raise ValueError("no word stands twice in the train part: there is no vocabulary to learn")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {SEPARATOR}",
        pair=f"$B:1 {SEPARATOR}:1 $A:0 {SEPARATOR}:0",
        special_tokens=[(SEPARATOR, tokenizer.token_to_id(SEPARATOR))],
    )
    return tokenizer


def write_lstm_folder(
    folder: Path, name: str, weights: LstmWeights, heads: Sequence[str], labels: Sequence[str], max_length: int
) -> None:
    """Write graph and configuration into `folder`, beside the tokenizer that lies there.

    All `heads` answer with the same logits: one LSTM tells the sentiment of a text, or what it says of
    the target that goes before it.
    """
    write_lstm(weights, heads, folder / "model.onnx")
    config = {
        "model_type": "lstm",
        "pad_token_id": 0,
        "vocab_size": len(weights.embedding),
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "voxpop": {
            "name": name,
            "version": VERSION,
            "precision": "fp32",
            "languages": ["en"],
            "max_length": max_length,
            "licence": LICENCE,
            "heads": {head: {"output": head, "labels": list(labels), "temperature": 1.0} for head in heads},
            "evaluation": {},
        },
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


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
