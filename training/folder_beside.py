"""Model folders are written beside and put in place when they are whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_KEPT: Final = ("README.md", "LICENSE")
_OF_A_MODEL: Final = frozenset({"config.json", "model.onnx"})


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
