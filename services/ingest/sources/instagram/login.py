"""The login that instaloader saved in a file: cookies, in Python's pickle format."""

import io
import pickle
from typing import Any, Final, NoReturn

from services.ingest.sources.base import CredentialError
from services.ingest.sources.instagram.settings import Session

_MAX_BYTES: Final = 64 * 1024
_NEEDED: Final = ("sessionid", "csrftoken")


class _PlainUnpickler(pickle.Unpickler):
    """Reads texts, numbers, lists and dicts alone: a pickle may otherwise run whatever its writer wishes."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no cookie")


def cookies_of(session: Session) -> dict[str, str]:
    """Return the cookies in the session file.

    Raises CredentialError, naming INSTAGRAM_SESSION_FILE, where it cannot be read, is no file of instaloader's or
    holds no login.
    """
    try:
        with session.file.open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError as error:
        raise CredentialError(f"the file that INSTAGRAM_SESSION_FILE names cannot be read ({error.strerror})") from None
    try:
        value: Any = _PlainUnpickler(io.BytesIO(content)).load()
    except Exception:  # noqa: BLE001 - a damaged pickle raises anything
        value = None
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) and value[name] for name in _NEEDED):
        raise CredentialError(
            "the file that INSTAGRAM_SESSION_FILE names holds no login; make it with `instaloader --login NAME`"
        )
    return {str(name): str(cookie) for name, cookie in value.items()}
