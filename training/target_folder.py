"""A model folder that is being written: beside the old one, and put in its place when it is whole."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

GRAPH: Final = "model.onnx"
_CATEGORIES: Final = "categories"
_KEPT: Final = ("README.md", "LICENSE")
_OF_A_MODEL: Final = frozenset({"config.json", GRAPH})


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Give a folder to write into, which becomes `target` when everything went well and vanishes when not.

    Card and licence of the old folder, which people write, stay beside the new weights. Raises ValueError
    where `target` cannot become a model folder: nothing is written then, and nothing is ever lost.
    """
    target = check_target(target)
    beside = target.with_name(f"{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    for kept in _KEPT:
        if (target / kept).is_file() and not (beside / kept).exists():
            shutil.copy2(target / kept, beside / kept)
    _swap(beside, target)


def check_target(target: Path) -> Path:
    """Return `target` with links followed. Raises ValueError where a model folder must not be put there."""
    target = target.resolve()
    if target.is_dir() and not any(target.iterdir()):
        return target
    if target.exists() and not (target.is_dir() and {path.name for path in target.iterdir()} >= _OF_A_MODEL):
        raise ValueError(f"{target} is there and no model folder; give another folder to write")
    return target


def write_whole(path: Path, text: str) -> None:
    """Write a file beside `path`, and rename it when it is whole."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text, "utf-8")
    beside.replace(path)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write `config.json`, whole or not at all."""
    write_whole(folder / "config.json", json.dumps(config, indent=2) + "\n")


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


def _swap(beside: Path, target: Path) -> None:
    """Put the new folder in the old one's place; the old one goes last, and comes back where that fails."""
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    try:
        if target.exists():
            target.rename(old)
        beside.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise ValueError(
            f"{target} could not be replaced ({error.strerror}); the new folder is {beside}: move it there yourself"
        ) from error
    shutil.rmtree(old, ignore_errors=True)
