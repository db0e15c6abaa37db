"""Answers to texts that came before: reposts are most of what repeats."""

from hashlib import blake2b
from threading import Lock

from cachetools import LRUCache

from services.sentiment.reading import Reading

_DIGEST_BYTES = 16


class ReadingCache:
    """The readings of the latest texts, the least recently used one dropped first.

    A reading is what one pass gave, before scoring: whatever is asked of the text later is answered from it.
    The cache holds digests, no text: its size is bounded whatever is sent, and nobody's words stay in it.
    Safe to use from several threads.
    """

    def __init__(self, texts: int) -> None:
        """Hold the readings of at most `texts` texts; with 0 nothing is ever found."""
        self._readings: LRUCache[bytes, Reading] = LRUCache(texts)
        self._off = texts == 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._readings)

    def get(self, key: bytes) -> Reading | None:
        """Return the reading under `key`."""
        with self._lock:
            return self._readings.get(key)

    def put(self, key: bytes, reading: Reading) -> None:
        """Remember a reading."""
        if self._off:
            return
        with self._lock:
            self._readings[key] = reading


def key_of(text: str, target: str | None) -> bytes:
    """Return the digest of a normalised text with its target."""
    encoded = text.encode("utf-8", "surrogatepass")
    # The length keeps a text apart from a shorter one whose target is the rest of it.
    digest = blake2b(encoded, digest_size=_DIGEST_BYTES, salt=len(encoded).to_bytes(8, "big"))
    if target is not None:
        digest.update(b"\x00" + target.encode("utf-8", "surrogatepass"))
    return digest.digest()
