"""The pseudonym key of a local installation, in a file that its owner alone can read."""

import os
import secrets
from pathlib import Path

from shared.errors import SettingsError
from shared.settings import require_key


def local_key(path: Path) -> str:
    """Return the key in `path`; make it where it is missing, mode 0600.

    The file appears whole or not at all, and of two processes that make it at once one wins.
    Raises SettingsError where the file cannot be written or holds no usable key.
    """
    try:
        if not path.exists():
            _make(path)
        return require_key(str(path), path.read_text().strip())
    except OSError as error:
        raise SettingsError(f"the key file {path} cannot be used: {error.strerror}") from None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
