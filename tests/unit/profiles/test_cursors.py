"""Cursors that come back, and cursors that somebody made up."""

import math

import pytest

from services.profiles.cursors import (
    FeaturePlace,
    cursor_of,
    decode_brand,
    decode_feature_place,
    decode_position,
)
from services.profiles.feature_page import ChangedSpan
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
    assert decode_brand(None) is None


def test_names_come_back() -> None:
    """Cursors of brands give the names that they were made of."""
    assert decode_brand(encode_cursor(["acme-2"])) == "acme-2"


@pytest.mark.parametrize("place", ["", ChangedSpan(4, key(1), 9)])
@pytest.mark.parametrize("version", [None, "mini-1"])
def test_a_place_among_features_comes_back(place: str | ChangedSpan, version: str | None) -> None:
    """The next page begins after the last row, in the same order, up to the same change, of the same version."""
    by_change = isinstance(place, ChangedSpan)
    after = FeaturePlace(place, 9, version).after(5, key(3))
    assert after == FeaturePlace(ChangedSpan(5, key(3), 9) if by_change else key(3), 9, version)
    cursor = after.cursor()
    assert decode_feature_place(cursor, by_change=by_change) == after
    with pytest.raises(InputError):
        decode_feature_place(cursor, by_change=not by_change)


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
        decode_feature_place(encode_cursor([None, name, 1, None]), by_change=False)


@pytest.mark.parametrize(
    "held",
    [[-1, key(1), 1, None], [True, key(1), 1, None], [2**63, key(1), 1, None], [1, key(1), -1, None], [1, key(1), 1]],
)
def test_a_made_up_change_is_refused(held: list[str | int | float | None]) -> None:
    """A number of a change is a whole one that a store can hold."""
    with pytest.raises(InputError):
        decode_feature_place(encode_cursor(held), by_change=True)
