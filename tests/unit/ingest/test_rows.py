"""From rows of files to posts."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.dates import parse_date
from services.ingest.sources.rows import FIELDS, REQUIRED, ColumnError, parse_mapping, resolve, to_post

COLUMNS = {"post_id": "id", "author_id": "name", "text": "text", "created_at": "when", "likes": "hearts"}


@pytest.mark.parametrize("pair", ["text", "text=", "words=text"])
def test_a_pair_that_maps_nothing_is_refused(pair: str) -> None:
    """A mapping names a field that exists and a column."""
    with pytest.raises(ColumnError):
        parse_mapping([pair])


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


@pytest.mark.parametrize(
    "words",
    [
        "2015-02-24 11:35:52 -0800",
        "2015-02-24T11:35:52-08:00",
        "2015-02-24T19:35:52Z",
        "2015-02-24 19:35:52",
        "Tue Feb 24 19:35:52 +0000 2015",
        "Tue, 24 Feb 2015 11:35:52 -0800",
        "2015-02-24 19:35:52 UTC",
        "2015-02-24 19:35:52 GMT",
        "2015/02/24 19:35:52",
        "24 Feb 2015 19:35:52",
        datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC),
    ],
)
def test_common_dates_mean_the_same_moment(words: Any) -> None:
    """The forms of common exports parse; without a zone they are UTC."""
    said = to_post({"when": words}, COLUMNS, "x")["created_at"]
    assert datetime.fromisoformat(said) == datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)


def test_a_day_is_its_midnight() -> None:
    """A date without a time is midnight in UTC."""
    assert to_post({"when": date(2015, 2, 24)}, COLUMNS, "x")["created_at"] == "2015-02-24T00:00:00+00:00"


@given(st.text())
def test_no_words_break_the_date_parser(words: str) -> None:
    """Whatever stands in a cell, it is a time with a zone or none at all."""
    moment = parse_date(words)
    assert moment is None or moment.tzinfo is not None


def test_a_zone_by_the_machines_own_name_is_not_taken_for_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file means does not depend on where it is read."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert parse_date("2015-02-24 20:35:52 CET") is None
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("words", ["24 Feb 2015", "24 February 2015", "Feb 24, 2015", "February 24, 2015"])
def test_a_month_in_letters_is_a_day(words: str) -> None:
    """Days with the month in letters are read in either order."""
    assert parse_date(words) == datetime(2015, 2, 24, tzinfo=UTC)


def test_an_ambiguous_date_is_not_guessed() -> None:
    """02/03/2015 is two different days to two readers."""
    assert parse_date("02/03/2015 10:00") is None
