"""Authorisation: API keys, stored hashed, with scopes."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import SettingsError

KEY_BYTES = 32


class Scope(StrEnum):
    """What a key opens.

    `analyze` is sentiment alone, what a browser may hold; `read` is figures and profiles, `evidence` cleaned posts and
    who is in which cluster; `write` is posts, brands and rules, `reply` what is published in the brand's name.
    """

    ANALYZE = "analyze"
    READ = "read"
    EVIDENCE = "evidence"
    WRITE = "write"
    REPLY = "reply"
    ADMIN = "admin"


@dataclass(frozen=True)
class ApiKey:
    """A named key: the SHA-256 of its secret (hex) and its scopes; `admin` holds every scope.

    An `internal` key is the services' own: routes that only services call are closed to every other, admin's too.
    """

    name: str
    scopes: frozenset[Scope]
    digest: str
    internal: bool = False

    def allows(self, scope: Scope) -> bool:
        """Tell whether the key opens `scope`."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class Keyring:
    """The keys that open a service; an empty ring lets every request in and is for loopback alone."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        """Hold the keys."""
        self._keys = tuple(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find(self, secret: str) -> ApiKey | None:
        """Return the key with this secret; every key is compared, each in constant time."""
        digest = digest_of(secret)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret in hex: secrets are random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_secret() -> str:
    """Return a fresh secret of 32 random bytes, URL-safe."""
    return "vxp_" + secrets.token_urlsafe(KEY_BYTES)


def parse_keys(setting: str, value: str) -> list[ApiKey]:
    """Read `name:scope+scope:sha256-hex`, comma-separated; raises SettingsError naming the entry's place."""
    keys = []
    for place, entry in enumerate((part.strip() for part in value.split(",") if part.strip()), start=1):
        name, _, rest = entry.partition(":")
        scopes, _, digest = rest.partition(":")
        try:
            granted = frozenset(Scope(scope) for scope in scopes.split("+"))
        except ValueError:
            raise SettingsError(f"{setting}, entry {place}: scopes are {', '.join(Scope)}, joined by +") from None
        if not name or len(digest) != hashlib.sha256().digest_size * 2 or not _is_hex(digest):
            raise SettingsError(f"{setting}, entry {place}: write name:scope+scope:sha256-hex (see `voxpop key new`)")
        keys.append(ApiKey(name, granted, digest.lower()))
    return keys


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)
