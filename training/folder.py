"""The model folder that the service loads: graph, tokenizer, config and card, in Hugging Face's layout."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from training.export import Precision, export_network, served_heads
from training.network import EMBEDDING, MultiTaskNetwork
from training.recipe import Recipe

GRAPH: Final = "model.onnx"
_CATEGORIES: Final = "categories"
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


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `config.json`: beside, then in place of the old one."""
    beside = folder / "config.json.part"
    beside.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    beside.replace(folder / "config.json")


def record_figures(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write measured figures into the folder's `config.json`, where `GET /v1/model` finds them."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["voxpop"]["evaluation"] = dict(figures)
    write_config(folder, config)


def share_findings(found: Path, other: Path) -> None:
    """Give `other`, the same weights in another precision, the temperatures and category sets of `found`."""
    config = json.loads((other / "config.json").read_text("utf-8"))
    heads = json.loads((found / "config.json").read_text("utf-8"))["voxpop"]["heads"]
    for name, head in config["voxpop"]["heads"].items():
        head["temperature"] = heads[name]["temperature"]
    write_config(other, config)
    if (found / _CATEGORIES).is_dir():
        shutil.copytree(found / _CATEGORIES, other / _CATEGORIES, dirs_exist_ok=True)


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
