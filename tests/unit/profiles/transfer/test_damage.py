"""Files that were damaged on their way: refused, never taken for something else."""

import io
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.folding import increment_of
from services.profiles.kept import KeptPost, KeptProfile
from services.profiles.profile import Profile
from services.profiles.transfer.backup_file import BackupFile
from services.profiles.transfer.parquet import Parquet
from services.profiles.transfer.restore import rows_of
from services.profiles.transfer.table import TableKind
from services.profiles.transfer.tables import TABLES
from shared.errors import InputError
from tests.unit.profiles.kept_rows import crowd


@cache
def contents_of(of: TableKind) -> bytes:
    """Return a file of profiles or posts."""
    posts = sorted(crowd(10), key=lambda item: (item.hour, item.post_key))
    rows: dict[TableKind, Sequence[Any]] = {
        TableKind.PROFILES: [KeptProfile(Profile("acme", item.author_key, increment_of(item))) for item in crowd(10)],
        TableKind.POSTS: [KeptPost(item.post_key, item.author_key, 1, 10**9, item) for item in posts],
    }
    writer = Parquet(TABLES[of])
    return writer.add(TABLES[of].batch(rows[of])) + writer.end()


def read(contents: bytes) -> list[Any]:
    """Return the rows of a file, all of them checked."""
    return [row for chunk in rows_of("acme", BackupFile(io.BytesIO(contents)), {}) for row in chunk]


@settings(max_examples=80)
@given(st.sampled_from([TableKind.PROFILES, TableKind.POSTS]), st.data())
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(of: TableKind, data: st.DataObject) -> None:
    """Whichever bytes are wrong, the answer is one sentence, or the rows as they were."""
    contents = bytearray(contents_of(of))
    for place in data.draw(st.lists(st.integers(4, len(contents) - 1), min_size=1, max_size=4)):
        contents[place] ^= data.draw(st.integers(1, 255))
    with suppress(InputError):
        assert read(bytes(contents)) == read(contents_of(of))


def test_no_changed_bit_of_a_page_passes_for_what_was_written() -> None:
    """Pages have checksums: a count that a disk changed would be a count like any other."""
    contents = contents_of(TableKind.PROFILES)
    good = read(contents)
    for place in range(1000, 2600, 4):
        changed = bytearray(contents)
        changed[place] ^= 1
        with suppress(InputError):
            assert read(bytes(changed)) == good


@settings(max_examples=30)
@given(st.sampled_from([TableKind.PROFILES, TableKind.POSTS]), st.data())
def test_a_file_that_is_cut_off_is_always_refused(of: TableKind, data: st.DataObject) -> None:
    """Without its end it is no file."""
    contents = contents_of(of)
    length = data.draw(st.integers(0, len(contents) - 1))
    try:
        read(contents[:length])
    except InputError:
        return
    raise AssertionError(f"{length} of {len(contents)} bytes were taken for the whole")


def test_whole_files_are_taken() -> None:
    """What the tests above damage is right at first."""
    assert (len(read(contents_of(TableKind.PROFILES))), len(read(contents_of(TableKind.POSTS)))) == (10, 10)
