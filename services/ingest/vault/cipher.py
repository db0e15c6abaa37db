"""Sealing of what the database must not know: AES-256-GCM, each ciphertext bound to its place."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import SettingsError

_FORMAT: Final = b"\x01"
_KEY_BYTES: Final = 32
_NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_NAMED_BYTES: Final = len(_FORMAT) + _NAME_BYTES
_HEAD_BYTES: Final = _NAMED_BYTES + _NONCE_BYTES
_LEAST_SECRET: Final = 32


class UnopenableError(SettingsError):
    """Something sealed cannot be opened: another key sealed it, or it was changed or moved to another row."""


class Cipher:
    """Seals texts with one key and opens what that key, or one before it, has sealed.

    A sealed text is format (1 byte), key name (4), nonce (12), ciphertext with its tag. Purpose and row are
    associated data: a ciphertext that is copied to another row or purpose does not open. Nonces are random,
    good for 2^32 seals under one key (NIST SP 800-38D, section 8.3). Safe to use from several threads.
    """

    def __init__(self, secret: bytes, *earlier: bytes) -> None:
        """Derive the keys from secrets of at least 32 bytes by HKDF (RFC 5869); raises ValueError where one is shorter.

        `earlier` secrets open what they once sealed and seal nothing more.
        """
        if any(len(one) < _LEAST_SECRET for one in (secret, *earlier)):
            raise ValueError(f"a vault key has at least {_LEAST_SECRET} bytes")
        self._name = _derived(secret, b"name", _NAME_BYTES)
        self._ciphers = {
            _derived(one, b"name", _NAME_BYTES): AESGCM(_derived(one, b"key", _KEY_BYTES)) for one in (*earlier, secret)
        }

    def seal(self, purpose: str, row: str, plain: str) -> bytes:
        """Return `plain` encrypted, to be opened with the same purpose and row alone."""
        head = _FORMAT + self._name
        nonce = os.urandom(_NONCE_BYTES)
        body = self._ciphers[self._name].encrypt(nonce, _encoded(plain), _place(head, purpose, row))
        return head + nonce + body

    def open_(self, purpose: str, row: str, sealed: bytes) -> str:
        """Return what `seal` was given; raises UnopenableError."""
        head, nonce, body = sealed[:_NAMED_BYTES], sealed[_NAMED_BYTES:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        cipher = self._ciphers.get(head[len(_FORMAT) :])
        if len(sealed) < _HEAD_BYTES + _TAG_BYTES or not head.startswith(_FORMAT) or cipher is None:
            raise UnopenableError(
                "the vault holds something that another key sealed; set VOXPOP_VAULT_KEY to that key, "
                "or VOXPOP_VAULT_KEY_BEFORE after a change of keys"
            )
        try:
            plain = cipher.decrypt(nonce, body, _place(head, purpose, row))
        except InvalidTag:
            raise UnopenableError("something in the vault was changed or moved since it was sealed") from None
        return plain.decode("utf-8", "surrogatepass")


def _derived(secret: bytes, what: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"voxpop vault " + what).derive(secret)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _place(head: bytes, purpose: str, row: str) -> bytes:
    """Return the associated data; the length in front keeps (ab, c) apart from (a, bc)."""
    name = _encoded(purpose)
    return head + len(name).to_bytes(4, "big") + name + _encoded(row)
