"""Files and folders that their owner alone can read, whatever the process's umask lets others do."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

FILE: Final = 0o600
FOLDER: Final = 0o700


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, mode 0700; what is there stays as it is. Raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=FOLDER, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "is no folder", str(folder))


def make_file(path: Path) -> None:
    """Make an empty file where there is none, mode 0600; one that is there loses others' rights. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE))
    close_to_others(path)


def close_to_others(path: Path) -> None:
    """Take others' rights to a file away; one that is not ours to change, or not there, stays as it is."""
    with suppress(OSError):
        path.chmod(FILE)


def opener(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=opener)`, mode 0600. Raises OSError."""
    descriptor = os.open(path, flags, FILE)
    with suppress(OSError):
        os.fchmod(descriptor, FILE)
    return descriptor
