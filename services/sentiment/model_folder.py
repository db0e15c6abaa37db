"""Where a model's files are: a folder in the Hugging Face / Optimum layout, or a repository of the hub."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download

from services.sentiment.model_card import ModelCard, read_card
from shared.errors import SettingsError

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_GRAPHS: Final = ("model.onnx", "onnx/model.onnx")
_WANTED: Final = ["config.json", "tokenizer.json", *_GRAPHS, *(f"{graph}_data" for graph in _GRAPHS)]


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
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _read(folder.resolve(), folder.resolve().name)
    if _HUB_ID.fullmatch(model):
        return _read(_fetch(model), model)
    raise SettingsError(
        f"SENTIMENT_MODEL: there is no folder {model}; give a folder with model.onnx, tokenizer.json and config.json, "
        "or a hub id such as owner/name"
    )


def _fetch(hub_id: str) -> Path:
    try:
        return Path(snapshot_download(hub_id, allow_patterns=_WANTED))
    except Exception as error:
        # The hub's client lets errors of several HTTP libraries through.
        raise SettingsError(
            f"SENTIMENT_MODEL: {hub_id} is no folder here and could not be fetched from the hub "
            f"({type(error).__name__}): check the name and the network, or give a folder"
        ) from error


def _read(folder: Path, name: str) -> ModelFolder:
    graph = next((folder / graph for graph in _GRAPHS if (folder / graph).is_file()), folder / _GRAPHS[0])
    config, tokenizer = folder / "config.json", folder / "tokenizer.json"
    missing = [path.name for path in (graph, tokenizer, config) if not path.is_file()]
    if missing:
        raise SettingsError(
            f"SENTIMENT_MODEL: {', '.join(missing)} missing in {folder}; export the model with tokenizer and config"
        )
    try:
        parsed = json.loads(config.read_text("utf-8"))
    except ValueError:
        raise SettingsError(f"SENTIMENT_MODEL: config.json in {folder} is no JSON") from None
    return ModelFolder(read_card(parsed, folder, name), graph, tokenizer)
