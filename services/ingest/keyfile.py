"""Keys that ingest cannot do without: from a setting, on loopback also from a file that its owner alone can read."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from shared.errors import SettingsError
from shared.private_files import make_folder
from shared.settings import is_loopback, require_key


def required_key(variable: str, secret: SecretStr | None, host: str, path: Path) -> str:
    """Return the key that `variable` sets, on loopback the one in `path` where none is set.

    Raises SettingsError where it is missing off loopback, short or a default, or where the file cannot be used.
    """
    if secret is not None:
        return require_key(variable, secret.get_secret_value())
    if not is_loopback(host):
        raise SettingsError(
            f"refusing to listen on {host} without {variable}: "
            "set it to at least 32 random bytes, for example the output of `openssl rand -hex 32`, and keep it"
        )
    return local_key(path)


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
    make_folder(path.parent)
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
