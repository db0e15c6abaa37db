"""The form of a CSV file, told from its beginning."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.sources.tables.csv_form import SEPARATORS, csv_form, said_separator
from services.ingest.sources.tables.csv_records import CsvForm

NAMES = ("post_id", "author_id", "text", "created_at")


@settings(max_examples=60)
@given(st.sampled_from(sorted(SEPARATORS)), st.lists(st.text(max_size=20), max_size=6))
def test_a_header_tells_the_separator_whatever_the_texts_hold(separator: str, texts: list[str]) -> None:
    """Names of columns that are wanted go before everything else."""
    written = io.StringIO(newline="")
    rows = [[str(n), "a", text, "2026-03-01"] for n, text in enumerate(texts)]
    csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([list(NAMES), *rows])
    assert csv_form(written.getvalue(), NAMES).separator == separator


def test_without_names_rows_that_agree_tell_it() -> None:
    """More commas stand in the texts than bars between the cells, but not as many in each."""
    sample = "1|a|well, yes, no, never|2026\n2|b|yes|2026\n3|c|one, two|2026\n4|d|no"
    assert csv_form(sample, ()) == CsvForm("|")


@pytest.mark.parametrize("escapes", [True, False])
def test_a_backslash_before_a_quote_is_told_by_what_fits(escapes: bool) -> None:  # noqa: FBT001 - a case
    """Where quotes are doubled a backslash is a letter of the text."""
    quote = '\\"' if escapes else '""'
    row = f'1,a,"a {quote}fine{quote} path C:\\new",2026\n'
    sample = ",".join(NAMES) + "\n" + (row if escapes else row.replace('new"', '\\"')) * 5
    assert csv_form(sample, NAMES).escapes is escapes


@pytest.mark.parametrize(
    ("line", "separator"),
    [("sep=;\r\n", ";"), ('"sep=\t"\n', "\t"), ("sep=|", "|"), ("sep,a\n", None), ("sep=;;\n", None)],
)
def test_the_line_for_excel_is_known(line: str, separator: str | None) -> None:
    """It stands alone in its line."""
    assert said_separator(line) == separator
