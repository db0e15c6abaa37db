"""CSV and JSON lines, row by row."""

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from services.profiles.transfer.table import TableKind
from services.profiles.transfer.tables import TABLES
from services.profiles.transfer.text_formats import MARK, Csv, JsonLines, plain_text
from shared.formula import FORMULA_SIGNS, unguarded
from tests.unit.profiles.kept_rows import KEPT_POSTS, KEPT_PROFILES, TEXTS


def written(writer: Csv | JsonLines, of: TableKind, rows: Sequence[Any]) -> str:
    """Return the file that a writer makes of some rows."""
    return (writer.add(TABLES[of].batch(rows)) + writer.end()).decode()


@settings(max_examples=60)
@given(KEPT_POSTS)
def test_each_row_of_csv_has_every_column_whatever_the_texts_hold(rows: list[Any]) -> None:
    """A text with quotes, commas and line breaks stays in its cell, and none begins a formula."""
    dated = [row for row in rows if row.post]
    text = written(Csv(TABLES[TableKind.POSTS]), TableKind.POSTS, dated)
    lines = list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))
    assert len(lines) == len(dated)
    for line, row in zip(lines, dated, strict=True):
        assert None not in line
        assert None not in line.values()
        assert line["text"] == plain_text(row.post.text or "")
        assert not any(unicodedata.normalize("NFKC", cell).lstrip().startswith(FORMULA_SIGNS) for cell in line.values())


@settings(max_examples=40)
@given(KEPT_PROFILES)
def test_each_line_of_json_is_an_object_with_every_column(rows: list[Any]) -> None:
    """So every reader finds the same columns in each line."""
    table = TABLES[TableKind.PROFILES]
    lines = [json.loads(line) for line in written(JsonLines(table), TableKind.PROFILES, rows).split("\n")[:-1]]
    assert [line["author_key"] for line in lines] == [row.profile.author_key for row in rows]
    assert all(list(line) == ["schema_version", *table.readable] for line in lines)


@given(TEXTS)
def test_only_texts_that_begin_a_formula_are_changed(text: str) -> None:
    """And the apostrophe before them is all that is."""
    whole = text.replace("\0", "\ufffd")
    assert plain_text(text) in {whole, f"'{whole}"}
    assert plain_text(f"x{text}") == f"x{whole}"
    assert plain_text(f"={text}") == f"'={whole}"


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe63"
AFTER = [" =1+1", " \ufe63x", "\u00a0\u3000=1+1", "=\u0338x", "\n=1+1", "\nx", "\r\nx", "\tx", "\x0b=1"]


@pytest.mark.parametrize("text", [*(f"{sign}1" for sign in SIGNS), *AFTER])
def test_whatever_a_spreadsheet_may_take_for_a_formula_is_tamed(text: str) -> None:
    """Full-width and small signs, signs after spaces of any kind, and what a line break or a tab stands before."""
    assert plain_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["9" * 32, "1234567e89012345678901234567890123", "123456789012", "'=1", "''=1"])
def test_what_a_spreadsheet_would_round_is_text_to_it(text: str) -> None:
    """A key may have no letter but an e; and what begins with an apostrophe gets one more, to be told apart."""
    assert plain_text(text) == f"'{text}"


@given(TEXTS | TEXTS.map("'{}".format) | TEXTS.map("'={}".format))
def test_a_text_reads_back_as_it_was(text: str) -> None:
    """Whatever apostrophes it has of its own."""
    assert unguarded(plain_text(text)) == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("text", ["", " ", "text", " text", "1-1", "a=b", "\u2260", "'1", "\u00a8=1", "\x85x"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    """A sign in the middle begins nothing."""
    assert plain_text(text) == text


@pytest.mark.parametrize("of", list(TableKind))
def test_a_table_without_rows_still_has_a_heading_in_csv(of: TableKind) -> None:
    """An empty file would be no CSV."""
    heading = Csv(TABLES[of]).end().decode()
    assert heading.startswith(MARK)
    assert heading.removeprefix(MARK).rstrip().split(",") == ["schema_version", *TABLES[of].readable]


def test_no_column_of_the_text_forms_is_bytes() -> None:
    """What only a restore reads is left to Parquet."""
    for table in TABLES.values():
        assert not [name for name in table.readable if "binary" in str(table.schema.field(name).type)]
