"""Which version of each feed was read: what a conditional request shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_MAX_MARK = 200
"""Characters of an ETag or a date that are kept; fifty feeds' fit a cursor."""


@dataclass(frozen=True)
class Version:
    """The marks of one version of a feed, as its server gave them; empty where it gave none."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Version":
        """Return the marks of an answer; one that is longer than 200 characters, or not printable, is none."""
        marks = (headers.get("etag", ""), headers.get("last-modified", ""))
        etag, modified = (mark if len(mark) <= _MAX_MARK and mark.isprintable() else "" for mark in marks)
        return cls(etag, modified)

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for another version alone."""
        named = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: mark for name, mark in named.items() if mark}


def to_cursor(versions: Mapping[str, Version]) -> str:
    """Return the cursor of versions by their feeds' addresses."""
    marks = {_name(url): [version.etag, version.modified] for url, version in versions.items()}
    return json.dumps(marks, separators=(",", ":"))


def from_cursor(cursor: str | None, urls: Iterable[str]) -> dict[str, Version]:
    """Return the versions in a cursor; whatever is none of ours counts as never read."""
    try:
        value = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        value = {}
    versions = {}
    for url in urls:
        marks = value.get(_name(url)) if isinstance(value, dict) else None
        if isinstance(marks, list) and all(isinstance(mark, str) and mark.isascii() for mark in marks):
            versions[url] = Version(*marks[:2])
    return versions


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
