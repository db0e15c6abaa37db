"""CSV and JSON lines, row by row."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from services.profiles.exporting.export import Of
from services.profiles.exporting.tables import TABLES
from services.profiles.exporting.text import FORMULA_SIGNS, Csv, JsonLines, plain_text
from tests.unit.profiles.kept_rows import KEPT_POSTS, KEPT_PROFILES, TEXTS


def written(writer: Csv | JsonLines, of: Of, rows: Sequence[Any]) -> str:
    """Return the file that a writer makes of some rows."""
    return (writer.add(TABLES[of].batch(rows)) + writer.end()).decode()


@settings(max_examples=60)
@given(KEPT_POSTS)
def test_each_row_of_csv_has_every_column_whatever_the_texts_hold(rows: list[Any]) -> None:
    """A text with quotes, commas and line breaks stays in its cell, and none begins a formula."""
    dated = [row for row in rows if row.post]
    lines = list(csv.DictReader(io.StringIO(written(Csv(TABLES[Of.POSTS]), Of.POSTS, dated), newline="")))
    assert len(lines) == len(dated)
    for line, row in zip(lines, dated, strict=True):
        assert None not in line
        assert None not in line.values()
        assert line["text"] == plain_text(row.post.text or "")
        assert not any(cell.startswith(FORMULA_SIGNS) for cell in line.values())


@settings(max_examples=40)
@given(KEPT_PROFILES)
def test_each_line_of_json_is_an_object_with_every_column(rows: list[Any]) -> None:
    """So every reader finds the same columns in each line."""
    table = TABLES[Of.PROFILES]
    lines = [json.loads(line) for line in written(JsonLines(table), Of.PROFILES, rows).split("\n")[:-1]]
    assert [line["author_key"] for line in lines] == [row.profile.author_key for row in rows]
    assert all(list(line) == ["schema_version", *table.readable] for line in lines)


@given(TEXTS)
def test_only_texts_that_begin_a_formula_are_changed(text: str) -> None:
    """And the apostrophe before them is all that is."""
    assert plain_text(text).removeprefix("'" if text.startswith(FORMULA_SIGNS) else "") == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("of", list(Of))
def test_a_table_without_rows_still_has_a_heading_in_csv(of: Of) -> None:
    """An empty file would be no CSV."""
    heading = Csv(TABLES[of]).end().decode()
    assert heading.rstrip().split(",") == ["schema_version", *TABLES[of].readable]


def test_no_column_of_the_text_forms_is_bytes() -> None:
    """What only a restore reads is left to Parquet."""
    for table in TABLES.values():
        assert not [name for name in table.readable if "binary" in str(table.fields.field(name).type)]
