"""The model folder that the service loads: graph, tokenizer, config and card, in Hugging Face's layout."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from services.sentiment.training.export import export_onnx
from services.sentiment.training.network import MultiHeadClassifier
from services.sentiment.training.quantization import quantise

NAME = "voxpop-minilm"
VERSION = "0.1.0"
LICENCE = (
    "code Apache-2.0; the encoder is Apache-2.0; the weights were fine-tuned on research corpora "
    "(TweetEval, SUBJ) whose terms limit them to research use"
)


def write_folder(
    network: MultiHeadClassifier,
    labels: Mapping[str, tuple[str, ...]],
    tokenizer: Tokenizer,
    encoder: Path,
    max_length: int,
    full: Path,
    target: Path,
) -> None:
    """Export `network` to `full` in fp32 and, quantised, into `target`, written beside first and renamed when whole.

    `labels` names each head's classes in the order of its logits.
    """
    beside = target.with_name(target.name + ".part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    export_onnx(network, full)
    quantise(full, beside / "model.onnx")
    tokenizer.save(str(beside / "tokenizer.json"))
    config = _config(json.loads((encoder / "config.json").read_text()), labels, max_length)
    (beside / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for kept in ("README.md", "LICENSE"):
        if (target / kept).exists():
            shutil.copy2(target / kept, beside / kept)
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)


def record_figures(folder: Path, figures: Mapping[str, float | str]) -> None:
    """Write the measured figures into the folder's `config.json`, where `GET /v1/model` finds them."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["voxpop"]["evaluation"] = dict(figures)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(config, indent=2) + "\n")
    beside.replace(path)


def _config(encoder: dict[str, Any], labels: Mapping[str, tuple[str, ...]], max_length: int) -> dict[str, Any]:
    kept = (
        "model_type",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "vocab_size",
        "type_vocab_size",
        "hidden_act",
        "layer_norm_eps",
        "pad_token_id",
    )
    return {
        **{name: encoder[name] for name in kept if name in encoder},
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(i): label for i, label in enumerate(labels["sentiment"])},
        "label2id": {label: i for i, label in enumerate(labels["sentiment"])},
        "voxpop": {
            "name": NAME,
            "version": VERSION,
            "precision": "int8",
            "languages": ["en"],
            "max_length": max_length,
            "licence": LICENCE,
            "heads": {
                head: {"output": head, "labels": list(names), "temperature": 1.0} for head, names in labels.items()
            },
            "evaluation": {},
        },
    }
