"""Cursors that come back, and cursors that somebody made up."""

import math

import pytest

from services.profiles.cursors import (
    cursor_of,
    decode_author,
    decode_brand,
    decode_position,
)
from services.profiles.listing import Order, Position, Sort
from shared.errors import InputError
from shared.pages import encode_cursor
from tests.unit.profiles.posts import key


@pytest.mark.parametrize(
    ("sort", "value"),
    [(Sort.POSTS, 7), (Sort.LAST_SEEN, -3600), (Sort.MEAN_SCORE, 0.25), (Sort.AUTHOR_KEY, key(4))],
)
def test_a_position_comes_back(sort: Sort, value: str | float) -> None:
    """A cursor gives the position that it was made of."""
    position = Position(value, key(4))
    assert decode_position(encode_cursor(cursor_of(position, sort, Order.DESC)), sort, Order.DESC) == position


def test_no_cursor_is_the_beginning() -> None:
    """Without a cursor a list begins at its beginning."""
    assert decode_position(None, Sort.POSTS, Order.ASC) is None
    assert decode_author(None) is None
    assert decode_brand(None) is None


def test_names_come_back() -> None:
    """Cursors of brands and authors give the names that they were made of."""
    assert decode_brand(encode_cursor(["acme-2"])) == "acme-2"
    assert decode_author(encode_cursor([key(9)])) == key(9)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "bm90IGpzb24",
        encode_cursor([]),
        encode_cursor(["posts", "asc", 3, key(1)]),
        encode_cursor(["mean_score", "desc", 0.5, key(1)]),
        encode_cursor(["posts", "desc", "3", key(1)]),
        encode_cursor(["posts", "desc", 3.5, key(1)]),
        encode_cursor(["posts", "desc", 2**70, key(1)]),
        encode_cursor(["posts", "desc", math.nan, key(1)]),
        encode_cursor(["posts", "desc", 3, "{$gt: 1}"]),
        encode_cursor(["posts", "desc", 3, "\ud800" * 32]),
        encode_cursor(["posts", "desc", True, key(1)]),
        encode_cursor(["posts", "desc", 3, None]),
    ],
)
def test_a_made_up_position_is_refused(cursor: str) -> None:
    """A cursor of another list, another order or no list at all is an input error that names it."""
    with pytest.raises(InputError, match="cursor is not one that this list gave") as refusal:
        decode_position(cursor, Sort.POSTS, Order.DESC)
    assert refusal.value.loc == ("query", "cursor")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(value: float) -> None:
    """JSON's lenient readers take NaN and infinities; a position does not."""
    with pytest.raises(InputError):
        decode_position(encode_cursor(["mean_score", "asc", value, key(1)]), Sort.MEAN_SCORE, Order.ASC)


@pytest.mark.parametrize("name", ["../x", "A", "", "acme\n", "\ud800"])
def test_a_made_up_name_is_refused(name: str) -> None:
    """A cursor whose name is no brand, or no author key, is refused."""
    with pytest.raises(InputError):
        decode_brand(encode_cursor([name]))
    with pytest.raises(InputError):
        decode_author(encode_cursor([name]))
