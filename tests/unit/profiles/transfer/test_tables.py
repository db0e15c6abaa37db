"""Tables there and back: what Parquet holds is what was kept."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.transfer.backup_file import BackupFile
from services.profiles.transfer.parquet import Parquet
from services.profiles.transfer.restore import rows_of
from services.profiles.transfer.table import VERSION_KEY, Table
from services.profiles.transfer.tables import TABLES
from tests.unit.profiles.kept_rows import KEPT_BUCKETS, KEPT_POSTS, KEPT_PROFILES, REMOVED


def parquet(table: Table, rows: Sequence[Any], page: int = 3) -> bytes:
    """Return the rows as a file, written some at a time."""
    writer = Parquet(table)
    pieces = [writer.add(table.batch(rows[place : place + page])) for place in range(0, len(rows), page)]
    return b"".join([*pieces, writer.end()])


def read_back(contents: bytes) -> list[Any]:
    """Return the rows of a file."""
    return [row for chunk in rows_of("acme", BackupFile(io.BytesIO(contents)), {}) for row in chunk]


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize(
    ("of", "strategy"),
    [("profiles", KEPT_PROFILES), ("posts", KEPT_POSTS), ("buckets", KEPT_BUCKETS), ("removals", REMOVED)],
)
def test_rows_come_back_from_parquet_as_they_went(
    of: str, strategy: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Whatever is kept, the file holds all of it, to the last bit of a score."""
    rows = data.draw(strategy)
    assert read_back(parquet(TABLES[of], rows)) == rows  # type: ignore[index]


@settings(max_examples=60)
@given(KEPT_POSTS)
def test_row_groups_of_posts_never_cross_a_date(rows: list[Any]) -> None:
    """So a file can be parted by date without being read."""
    file = pq.ParquetFile(io.BytesIO(parquet(TABLES["posts"], rows, page=5)))  # type: ignore[index]
    dates = [
        file.read_row_group(number, columns=["date"]).column("date").to_pylist()
        for number in range(file.num_row_groups)
    ]
    assert all(len(set(group)) == 1 for group in dates)
    ordered = [group[0] for group in dates]
    assert len(set(ordered)) == len(ordered)


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_a_file_without_rows_is_whole_and_tells_its_version(table: Table) -> None:
    """An empty brand has a backup too."""
    contents = parquet(table, [])
    assert read_back(contents) == []
    assert pq.read_metadata(io.BytesIO(contents)).metadata[VERSION_KEY.encode()] == b"1"


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_tables_keep_apart_what_is_read_and_what_is_restored(table: Table) -> None:
    """Every column is for people, for a restore, or for both."""
    assert {*table.readable, *table.restored} == set(table.schema.names)
