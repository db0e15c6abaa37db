"""Files that were damaged on their way: refused, never taken for something else."""

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.folding import increment_of
from services.profiles.kept import KeptPost, KeptProfile
from services.profiles.profile import Profile
from services.profiles.transfer.backup_file import BackupFile
from services.profiles.transfer.table import TableKind
from services.profiles.transfer.tables import TABLES
from shared.errors import InputError
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.transfer.files import parquet_of, rows_in


@cache
def contents_of(of: TableKind) -> bytes:
    """Return a file of profiles or posts."""
    posts = sorted(crowd(10), key=lambda item: (item.hour, item.post_key))
    rows: dict[TableKind, Sequence[Any]] = {
        TableKind.PROFILES: [KeptProfile(Profile("acme", item.author_key, increment_of(item))) for item in crowd(10)],
        TableKind.POSTS: [KeptPost(item.post_key, item.author_key, 1, 10**9, item) for item in posts],
    }
    contents = parquet_of(of, rows[of])
    assert len(rows_in(contents)) == 10
    return contents


@settings(max_examples=80)
@given(st.sampled_from([TableKind.PROFILES, TableKind.POSTS]), st.data())
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(of: TableKind, data: st.DataObject) -> None:
    """Whichever bytes are wrong, the answer is one sentence, or the rows as they were."""
    contents = bytearray(contents_of(of))
    for position in data.draw(st.lists(st.integers(4, len(contents) - 1), min_size=1, max_size=4)):
        contents[position] ^= data.draw(st.integers(1, 255))
    with suppress(InputError):
        assert rows_in(bytes(contents)) == rows_in(contents_of(of))


def test_no_changed_bit_of_a_page_passes_for_what_was_written() -> None:
    """Pages have checksums: a count that a disk changed would be a count like any other."""
    contents = contents_of(TableKind.PROFILES)
    good = rows_in(contents)
    for position in range(1000, 2600, 4):
        changed = bytearray(contents)
        changed[position] ^= 1
        with suppress(InputError):
            assert rows_in(bytes(changed)) == good


@settings(max_examples=30)
@given(st.sampled_from([TableKind.PROFILES, TableKind.POSTS]), st.data())
def test_a_file_that_is_cut_off_is_always_refused(of: TableKind, data: st.DataObject) -> None:
    """Without its end it is no file."""
    contents = contents_of(of)
    length = data.draw(st.integers(0, len(contents) - 1))
    try:
        rows_in(contents[:length])
    except InputError:
        return
    raise AssertionError(f"{length} of {len(contents)} bytes were taken for the whole")


@pytest.mark.parametrize("column", ["text", "entities"])
def test_a_text_that_stands_in_every_row_is_not_copied_for_each(column: str) -> None:
    """A file of a few kB may repeat one of a MiB, in a list too: it is refused before its rows are made."""
    schema = TABLES[TableKind.POSTS].schema
    long = "a" * 2**20
    cell = long if column == "text" else [{"text": long, "type": "work", "start": 0, "end": 1}]
    columns = [pa.array([cell if field.name == column else None] * 500, field.type) for field in schema]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    del columns
    assert len(sink.getvalue()) < 20_000
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(InputError, match="longer than"):
        list(BackupFile(io.BytesIO(sink.getvalue())).chunks())
    assert pa.default_memory_pool().max_memory() == before
