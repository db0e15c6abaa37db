"""Targets of files: whatever bytes they hold, each row is a post or a reason, and each fault is one sentence."""

import gzip
import io
import itertools
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

from services.ingest.post import parse_post
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import ColumnError, FileError, parse_mapping

MOST_ROWS = 5_000
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_SENTENCE = 3_000


def table(data: bytes) -> None:
    """Read CSV in any encoding, or JSON in any layout."""
    read(data, {})


def mapped(data: bytes) -> None:
    """Read a file whose first line is a map: `FIELD=COLUMN`, separated by `;`."""
    line, _, rest = data.partition(b"\n")
    try:
        mapping = parse_mapping(line.decode("utf-8", "replace").split(";"))
    except ColumnError as error:
        assert_sentence(str(error))
        return
    read(rest, mapping)


def packed(data: bytes) -> None:
    """Read what gzip makes of it, cut or changed where the first four bytes say."""
    change, content = data[:4], data[4:]
    whole = bytearray(gzip.compress(content, mtime=0))
    if len(change) == 4 and change[0]:
        place = int.from_bytes(change[1:3], "big") % len(whole)
        whole[place] ^= change[3]
    read(bytes(whole), {})


def export(data: bytes) -> None:
    """Read an export of Meta's made of members, each `NAME`, a new line and its content, ended by a NUL."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        names: set[str] = set()
        for member in data.split(b"\x00")[:20]:
            line, _, content = member.partition(b"\n")
            name = line.decode("utf-8", "replace").replace("\\", "/")[:200]
            if name and name not in names:
                names.add(name)
                archive.writestr(name, content)
    read(written.getvalue(), {})


def read(data: bytes, mapping: Mapping[str, str]) -> None:
    """Read a file to its end and judge all that was said of it."""
    try:
        with open_file("-", mapping, "x", io.BytesIO(data)) as source:
            for row in itertools.islice(source.rows, MOST_ROWS):
                if row.post is None:
                    assert_sentence(row.reason)
                else:
                    post = parse_post(row.post, NOW)
                    if isinstance(post, str):
                        assert_sentence(post)
    except (FileError, ColumnError) as error:
        assert_sentence(str(error))


def assert_sentence(said: str) -> None:
    """Assert that a person can read what was said: one printable line of some length, whatever the file held."""
    assert said.strip(), "a fault without a word"
    assert len(said) <= _SENTENCE, f"a fault of {len(said)} characters"
    assert said.isprintable(), f"a fault that holds what is not printable: {said!r}"
