"""Pages and their cursors."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InputError
from shared.pages import Page, Position, decode_cursor, encode_cursor, moment_after, text_after

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
POSITIONS: st.SearchStrategy[Position] = st.lists(st.one_of(st.text(), INTEGERS, FLOATS, st.none()), max_size=4)


def _cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(POSITIONS)
def test_a_position_comes_back_as_it_went(position: Position) -> None:
    """Decoding gives what was encoded, each value of its own type."""
    decoded = decode_cursor(encode_cursor(position), *(type(value) for value in position))
    assert decoded == position
    assert [type(value) for value in decoded] == [type(value) for value in position]


@given(POSITIONS)
def test_a_cursor_fits_into_a_query(position: Position) -> None:
    """A cursor is made of letters, digits, `-` and `_`."""
    assert all(
        character.isascii() and (character.isalnum() or character in "-_") for character in encode_cursor(position)
    )


@given(st.text(), st.lists(st.sampled_from([str, int, float]), max_size=3))
def test_an_invented_cursor_is_refused_or_fits(cursor: str, types: list[type]) -> None:
    """Whatever is sent gives values of the types asked for or an InputError, and nothing else."""
    try:
        position = decode_cursor(cursor, *types)
    except InputError:
        return
    assert [type(value) for value in position] == types


@given(POSITIONS.filter(bool), st.data())
def test_a_cut_cursor_is_refused(position: Position, data: st.DataObject) -> None:
    """A cursor that lost its end was not given by the list."""
    cursor = encode_cursor(position)
    cut = data.draw(st.integers(0, len(cursor) - 2))
    with pytest.raises(InputError):
        decode_cursor(cursor[:cut], *(type(value) for value in position))


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "é",
        "\ud800",
        "AAAAA",
        _cursor({"a": 1}),
        _cursor("text"),
        _cursor(None),
        _cursor(["a"]),
        _cursor(["a", 1, 2]),
        _cursor([1, "a"]),
        _cursor(["a", 1.5]),
        _cursor(["a", None]),
        _cursor(["a", True]),
        _cursor(["a", [1]]),
        _cursor(["a", 2**63]),
        _cursor(["a", -(2**63) - 1]),
        _cursor(["\ud800", 1]),
        base64.urlsafe_b64encode(b'["a",' + b"1" * 5000 + b"]").decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_tampered_cursor_names_the_field_and_the_remedy(cursor: str) -> None:
    """Wrong shapes, types and values that no store can compare with are InputErrors at `cursor`."""
    with pytest.raises(InputError, match="leave it out to start over") as caught:
        decode_cursor(cursor, str, int)
    assert caught.value.loc == ("query", "cursor")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    """NaN compares with nothing, so no row can follow it."""
    with pytest.raises(InputError):
        decode_cursor(_cursor([value]), float)


@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_no_number(value: bool) -> None:  # noqa: FBT001 - it is what is tested
    """JSON's true is an int in Python and is refused all the same."""
    with pytest.raises(InputError):
        decode_cursor(_cursor([value]), int)


def test_a_value_may_have_one_of_several_types() -> None:
    """A sort value that may be unknown or whole is read by a tuple of types."""
    number = (int, float, type(None))
    assert decode_cursor(encode_cursor([None]), number) == [None]
    assert decode_cursor(encode_cursor([2]), number) == [2]
    assert decode_cursor(encode_cursor([2.5]), number) == [2.5]


@pytest.mark.parametrize(("count", "follows"), [(0, False), (2, False), (3, False), (4, True), (9, True)])
def test_a_page_holds_at_most_the_limit_and_tells_whether_another_follows(count: int, *, follows: bool) -> None:
    """One row more than the limit means that a page follows; its cursor names the last row that is shown."""
    rows = [f"row-{number}" for number in range(count)]
    page = Page.of(rows, 3, lambda row: [row])
    assert page.items == rows[:3]
    assert page.next_cursor == (encode_cursor(["row-2"]) if follows else None)


def test_a_page_shows_each_row_and_keeps_its_cursor() -> None:
    """What is shown takes the rows' place."""
    page = Page.of([1, 2, 3], 2, lambda row: [row])
    assert page.showing(["one", "two"]) == Page(items=["one", "two"], next_cursor=page.next_cursor)


def test_a_cursor_tells_where_a_page_begins() -> None:
    """By a text or by a moment and an id; without a cursor at the beginning, and another list's is refused."""
    assert (text_after(None), moment_after(None)) == ("", None)
    assert text_after(encode_cursor(["acme"])) == "acme"
    assert moment_after(encode_cursor([1700000000000, "id"])) == (1700000000000, "id")
    for wrong in (lambda: text_after(encode_cursor([1])), lambda: moment_after(encode_cursor(["acme"]))):
        with pytest.raises(InputError):
            wrong()
