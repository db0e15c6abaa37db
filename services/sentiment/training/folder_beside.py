"""Model folders are written beside and put in place when they are whole."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_KEPT: Final = ("README.md", "LICENSE")


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Give a folder to write into, which becomes `target` when everything went well and vanishes when not.

    Card and licence of the old folder, which people write, stay beside the new weights.

    Raises ValueError where `target` is there and holds something that is no model.
    """
    if target.exists() and not (target / "config.json").is_file() and (target.is_file() or any(target.iterdir())):
        raise ValueError(f"{target} is there and no model folder; give another folder to write")
    beside = target.with_name(f"{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        for kept in _KEPT:
            if (target / kept).is_file() and not (beside / kept).exists():
                shutil.copy2(target / kept, beside / kept)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
