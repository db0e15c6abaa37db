"""From rows of files to posts."""

from decimal import Decimal
from typing import Any

import pytest

from services.ingest.sources.dates import DateReader
from services.ingest.sources.rows import FIELDS, REQUIRED, ColumnError, parse_mapping, read_row, resolve, to_post
from services.ingest.sources.time_zones import zone_named

COLUMNS = {"post_id": "id", "author_id": "name", "text": "text", "created_at": "when", "likes": "hearts"}


@pytest.mark.parametrize("pair", ["text", "text=", "words=text"])
def test_a_pair_that_maps_nothing_is_refused(pair: str) -> None:
    """A mapping names a field that exists and a column."""
    with pytest.raises(ColumnError):
        parse_mapping([pair])


def test_a_field_has_one_column() -> None:
    """Two of them would leave it to chance which is read; the same one twice is one."""
    with pytest.raises(ColumnError, match="names text twice"):
        parse_mapping(["text=body", "post_id=id", "text=words"])
    assert parse_mapping(["text=body", "text=body"]) == {"text": "body"}


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    """The error says which column is missing for which field, and what the file has."""
    with pytest.raises(ColumnError, match=r"no column 'author_id' for author_id.*it has id, text"):
        resolve({"post_id": "id"}, ["id", "text"], "x")
    with pytest.raises(ColumnError, match="no column 'wrong' for likes"):
        resolve({"likes": "wrong"}, ["post_id", "text"], "x")


def test_the_platform_comes_from_a_column_or_from_the_command() -> None:
    """Without a column of platforms the command has to say it."""
    columns = ["post_id", "author_id", "text", "created_at"]
    assert "platform" not in resolve({}, columns, "x")
    with pytest.raises(ColumnError, match="--platform"):
        resolve({}, columns, None)


@pytest.mark.parametrize(
    "blank",
    [
        *(None, "", "  ", float("nan"), "NA", "nan", "NaN", "N/A", "None", "NULL", "null", "\\N", "#N/A", "-", "NaT"),
        *("<NA>", " NULL ", "none", "n/a"),
    ],
)
def test_blank_cells_are_absent(blank: Any) -> None:
    """A cell without a value leaves the field out."""
    optional = [field for field in FIELDS if field not in {*REQUIRED, "platform"}]
    post = to_post(dict.fromkeys(optional, blank), {field: field for field in optional}, "x")
    assert post == {"platform": "x", "author": {}}


def test_a_word_for_nothing_is_no_text_and_an_id_to_be_refused_by_name() -> None:
    """In capitals or as pandas writes it; `none` in lower case is what a person may have posted."""
    row = {"id": "nan", "name": "NULL", "text": "None"}
    assert to_post(row, COLUMNS, "x") == {"post_id": "nan", "platform": "x", "author": {"id": "NULL"}}
    assert to_post({"text": "none"}, COLUMNS, "x")["text"] == "none"


@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("7.0", 7),
        (7.0, 7),
        (Decimal(7), 7),
        ("-7", -7),
        ("seven", "seven"),
        ("1,234", 1234),
        ("1\u2019234\u2019567", 1234567),
        ("1.2E+06", 1_200_000),
        ("1,2E+06", 1_200_000),
        ("7,0", 7),
        ("1.5E+00", "1.5E+00"),
    ],
)
def test_figures_are_read_from_their_words(cell: Any, figure: Any) -> None:
    """Whole numbers are read; what is none is passed on for the service to reject by name."""
    assert to_post({"hearts": cell}, COLUMNS, "x")["likes"] == figure


@pytest.mark.parametrize(
    "cell", [float("inf"), -float("inf"), Decimal("NaN"), Decimal("Infinity"), "--7", "9" * 5000, "²", 0.5]
)
def test_no_figure_stops_the_import(cell: Any) -> None:
    """Infinity, a number of thousands of digits and the like are passed on for the service to reject by name."""
    assert to_post({"hearts": cell}, COLUMNS, "x")["likes"] is cell


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        ("True", True),
        ("1", True),
        (0, False),
        ("no", False),
        ("1.0", True),
        (0.0, False),
        ("WAHR", True),
        ("FAUX", False),
        ("maybe", "maybe"),
    ],
)
def test_flags_are_read_from_their_words(cell: Any, flag: Any) -> None:
    """The usual words of exports for yes and no are read."""
    assert to_post({"verified": cell}, {"verified": "verified"}, None)["author"]["verified"] == flag


@pytest.mark.parametrize(
    ("cell", "said"),
    [(570306133677760513, "570306133677760513"), (12.0, "12.0"), (Decimal("12.00"), "12"), (1.76e18, "1.76e+18")],
)
def test_numeric_ids_become_text(cell: Any, said: str) -> None:
    """Ids that a file stores as numbers keep every digit; floats go as they are, for the service to read or refuse."""
    assert to_post({"id": cell}, COLUMNS, "x")["post_id"] == said


def test_times_are_read_in_the_files_time_zone() -> None:
    """A column of times without a zone is read in the one that the command names."""
    dates = DateReader(zone_named("Asia/Kolkata"))
    post = to_post({"when": "02-Mar-2026 04:30 AM"}, COLUMNS, "x", dates)
    assert post["created_at"] == "2026-03-01T23:00:00+00:00"


def test_a_date_of_two_meanings_is_a_reason_and_no_post() -> None:
    """The row is rejected by its field's name and with what to do; its neighbours are not concerned."""
    row = read_row(7, {"id": "1", "when": "2026-03-02 10:00 IST"}, COLUMNS, "x", DateReader())
    assert row.post is None
    assert row.number == 7
    assert row.reason.startswith("created_at: says IST")
    assert "--time-zone" in row.reason
