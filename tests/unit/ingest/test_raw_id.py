"""Ids as spreadsheets and data frames write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.raw_id import EXACT_BELOW, id_of_number, plain_id


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("481234000017", "481234000017"),
        ("481234000017.0", "481234000017"),
        ("481234000017,00", "481234000017"),
        ("481234000017.", "481234000017"),
        ("'481234000017", "481234000017"),
        ('="481234000017"', "481234000017"),
        ("'481234000017'", "481234000017"),
        ("\ufeff481234000017\u00a0", "481234000017"),
        ("481,234,000,017", "481234000017"),
        ("481.234.000.017", "481234000017"),
        ("481\u202f234\u202f000\u202f017", "481234000017"),
        ("481\u2019234\u2019000\u2019017", "481234000017"),
        ("1,234.0", "1234"),
        ("4,81,23,40,00,017", "481234000017"),
        ("17,64,123.00", "1764123"),
        ("17,64", "17,64"),
        ("1764120000000000001", "1764120000000000001"),
        ("0042", "0042"),
        ("192.168.100.200", "192.168.100.200"),
        ("123_456", "123_456"),
        ("12e3", "12e3"),
        ("1e5abc", "1e5abc"),
        ("did:plc:z72i7hdynmk6r22z27h6tvur", "did:plc:z72i7hdynmk6r22z27h6tvur"),
        ("https://example.com/1.5?a=1,000", "https://example.com/1.5?a=1,000"),
        ("Nancy", "Nancy"),
        ("1612345678.000200", "1612345678.000200"),
    ],
)
def test_an_id_has_one_spelling(words: str, plain: str) -> None:
    """Marks, blanks, groups and a fraction of zeros go; what is an id of its own stays."""
    assert plain_id(words) == plain


@pytest.mark.parametrize(
    "words",
    [
        *("1.76E+18", "1,76E+18", "1.76412e+18", "1E+18", "1.76412E18", "2e18", "-1.76E+18", "4.81234E+11", "9,8e17"),
        *("1.76 x 10^18", "1.76\u00d710^18", "'1.76E+18", '="1.76E+18"', " 1.76E+18 "),
        *("1764123456789012480.0", "9007199254740992.0", "1,764,120,000,000,000,000"),
        *("=1.76E+18", "1.76 E+18", "17,64,12,00,00,00,00,00,000"),
    ],
)
def test_a_rounded_number_is_no_id(words: str) -> None:
    """Several ids share it: it is refused with the remedy."""
    with pytest.raises(ValueError, match="export the column as text"):
        plain_id(words)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "NA",
            "N.A.",
            "n.a.",
            "N.A",
            "nan",
            "NaN",
            "N/A",
            "None",
            "NULL",
            "null",
            "\\N",
            "#N/A",
            "-",
            "NaT",
            "<NA>",
            " nan ",
            "undefined",
        ),
        *("#REF!", "#NAME?", "'NULL", "?", ".", "\u2013", "***"),
    ],
)
def test_a_word_for_nothing_is_no_id(words: str) -> None:
    """Else all rows without an id would be one post, or one author."""
    with pytest.raises(ValueError, match="missing"):
        plain_id(words)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), Decimal("Infinity")])
def test_what_is_no_number_is_no_id(number: float | Decimal) -> None:
    """Else all rows that hold it would be one post; the word in a text column may be a person's name."""
    with pytest.raises(ValueError, match="missing"):
        plain_id(id_of_number(number))
    assert plain_id("Infinity") == "Infinity"


def test_a_number_that_reads_two_ways_is_no_id() -> None:
    """481.234 is one number in Germany and another in England."""
    with pytest.raises(ValueError, match="as text"):
        plain_id("481.234")


@given(st.floats())
def test_a_float_is_an_id_only_where_no_other_number_is_the_same_float(number: float) -> None:
    """Whole floats below 2^53 are their digits; larger ones are refused."""
    try:
        words = plain_id(id_of_number(number))
    except ValueError:
        return
    if number.is_integer():
        assert abs(number) < EXACT_BELOW
    assert float(words) == number or number != number  # noqa: PLR0124 - NaN alone differs from itself


@given(st.integers(min_value=0, max_value=10**25))
def test_no_digit_of_a_whole_number_is_lost(number: int) -> None:
    """As text, as a decimal and in plain digits."""
    assert plain_id(str(number)) == plain_id(id_of_number(Decimal(number))) == str(number)


@given(st.text(max_size=600))
def test_an_id_that_is_plain_stays_as_it_is(words: str) -> None:
    """Whatever comes, the spelling that comes out is its own spelling."""
    try:
        plain = plain_id(words)
    except ValueError:
        return
    assert not plain or plain_id(plain) == plain
