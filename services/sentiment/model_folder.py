"""Where a model's files are: a folder in the Hugging Face / Optimum layout, or a repository of the hub."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download

from services.sentiment.encoder_card import read_encoder_card
from services.sentiment.model_card import ModelCard, read_card
from shared.errors import SettingsError

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_GRAPHS: Final = ("model.onnx", "onnx/model.onnx")
_POOLING: Final = "1_Pooling/config.json"
_WEIGHTS: Final = (*_GRAPHS, *(f"{graph}_data" for graph in _GRAPHS))
_WANTED: Final = ["config.json", "tokenizer.json", _POOLING, *_WEIGHTS, "categories/*.json"]


@dataclass(frozen=True)
class ModelFolder:
    """The files of one model, each known to be there."""

    card: ModelCard
    graph: Path
    tokenizer: Path


def open_model(model: str) -> ModelFolder:
    """Return the files of `model`, a folder's path or a hub id, which is fetched where it is not cached yet.

    Blocks. Raises SettingsError with what is missing and the remedy.
    """
    setting = "SENTIMENT_MODEL"
    folder, name = _locate(model, setting)
    graph, tokenizer, config = _files(folder, setting)
    return ModelFolder(read_card(_json(config, setting), folder, name), graph, tokenizer)


def open_encoder(model: str) -> ModelFolder:
    """Return the files of `model`, a folder or hub id as above, of which only the embedding is used.

    Blocks. Raises SettingsError, naming EMBEDDING_MODEL, with what is missing and the remedy.
    """
    setting = "EMBEDDING_MODEL"
    folder, name = _locate(model, setting)
    graph, tokenizer, config = _files(folder, setting)
    pooling = _json(folder / _POOLING, setting) if (folder / _POOLING).is_file() else {}
    card = read_encoder_card(_json(config, setting), pooling, folder, name, graph)
    return ModelFolder(card, graph, tokenizer)


def _locate(model: str, setting: str) -> tuple[Path, str]:
    """Return the model's folder, and the name of a model that has none of its own."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve(), folder.resolve().name
    if _HUB_ID.fullmatch(model):
        return _fetch(model, setting), model
    raise SettingsError(
        f"{setting}: there is no folder {model}; give a folder with model.onnx, tokenizer.json and config.json, "
        "or a hub id such as owner/name"
    )


def _fetch(hub_id: str, setting: str) -> Path:
    try:
        return Path(snapshot_download(hub_id, allow_patterns=_WANTED))
    except Exception as error:
        # The hub's client lets errors of several HTTP libraries through.
        raise SettingsError(
            f"{setting}: {hub_id} is no folder here and could not be fetched from the hub "
            f"({type(error).__name__}): check the name and the network, or give a folder"
        ) from error


def _files(folder: Path, setting: str) -> tuple[Path, Path, Path]:
    """Return the graph, the tokenizer and the configuration."""
    graph = next((folder / graph for graph in _GRAPHS if (folder / graph).is_file()), folder / _GRAPHS[0])
    config, tokenizer = folder / "config.json", folder / "tokenizer.json"
    missing = [path.name for path in (graph, tokenizer, config) if not path.is_file()]
    if missing:
        raise SettingsError(
            f"{setting}: {', '.join(missing)} missing in {folder}; export the model with tokenizer and config"
        )
    return graph, tokenizer, config


def _json(path: Path, setting: str) -> object:
    try:
        parsed: object = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise SettingsError(f"{setting}: {path.name} in {path.parent} is no JSON") from None
    return parsed
