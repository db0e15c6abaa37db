"""Tables there and back: what Parquet holds is what was kept."""

import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.transfer.table import VERSION_KEY, Table, TableKind
from services.profiles.transfer.tables import TABLES
from tests.unit.profiles.kept_rows import KEPT_BUCKETS, KEPT_POSTS, KEPT_PROFILES, REMOVED
from tests.unit.profiles.transfer.files import parquet_of, rows_in


@settings(max_examples=60)
@given(st.data())
@pytest.mark.parametrize(
    ("of", "strategy"),
    list(zip(TableKind, (KEPT_PROFILES, KEPT_POSTS, KEPT_BUCKETS, REMOVED), strict=True)),
)
def test_rows_come_back_from_parquet_as_they_went(
    of: TableKind, strategy: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Whatever is kept, the file holds all of it, to the last bit of a score."""
    rows = data.draw(strategy)
    assert rows_in(parquet_of(of, rows, 3)) == rows


@settings(max_examples=60)
@given(KEPT_POSTS)
def test_row_groups_of_posts_never_cross_a_date(rows: list[Any]) -> None:
    """So a file can be parted by date without being read."""
    file = pq.ParquetFile(io.BytesIO(parquet_of(TableKind.POSTS, rows, 5)))
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
    contents = parquet_of(table.kind, [])
    assert rows_in(contents) == []
    assert pq.read_metadata(io.BytesIO(contents)).metadata[VERSION_KEY.encode()] == b"1"


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_tables_keep_apart_what_is_read_and_what_is_restored(table: Table) -> None:
    """Every column is for people, for a restore, or for both."""
    assert {*table.readable, *table.restored} == set(table.schema.names)
