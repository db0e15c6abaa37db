"""Posts as columns."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from services.clusters.posts import PostTable, UnreadablePostsError
from tests.unit.clusters.posts.rows import START, row, table_of_posts

KEYS = [f"{number:032x}" for number in range(20)]


def test_rows_are_sorted_whatever_order_they_came_in() -> None:
    """The same posts are the same table, page by page or shuffled."""
    rows = [row(number, number % 3) for number in range(20)]
    shuffled = random.Random(4).sample(rows, len(rows))  # noqa: S311 - an order, no secret
    pages = [table_of_posts(shuffled[:7]), table_of_posts(shuffled[7:])]
    posts = PostTable.of_pages(pages)
    assert posts.strings("post_key").tolist() == KEYS
    assert posts.table.equals(PostTable.of_pages([table_of_posts(rows)]).table)


def test_the_brand_and_unknown_people_are_left_out_and_counted() -> None:
    """Those that profiles marks, those whose keys are given, and posts of the brand's own voice."""
    rows = [
        row(1),
        row(2, 7, is_unknown=True),
        row(3, 8),
        row(4, voice="internal"),
        row(5, 8, voice="internal"),
    ]
    posts = PostTable.of_pages([table_of_posts(rows)], {KEYS[8]}, is_whole=False)
    assert posts.strings("post_key").tolist() == [KEYS[1]]
    assert (posts.unknown_authors, posts.own_voice, posts.left_out, posts.is_whole) == (3, 1, 4, False)


def test_columns_tell_what_is_unknown() -> None:
    """None among texts, NaN among numbers; hours are Unix seconds; entities are pairs."""
    rows = [
        row(1, hours=2, text="a", score=0.25, entities=[{"text": "BA", "type": "organisation"}]),
        row(2, text=None, score=None, supported_language=False, entities=None),
        row(3, entities=[{"text": name, "type": "person"} for name in "xy"]),
    ]
    posts = PostTable.of_pages([table_of_posts(rows)])
    assert posts.strings("text").tolist() == ["a", None, "post 3"]
    assert np.array_equal(posts.numbers("score"), [0.25, np.nan, 0.5], equal_nan=True)
    assert posts.truths("supported_language").tolist() == [True, False, True]
    assert posts.hours.tolist() == [int(START.timestamp()) + hours * 3600 for hours in (2, 0, 0)]
    assert posts.entities == [[("BA", "organisation")], [], [("x", "person"), ("y", "person")]]
    assert posts.only(np.array([False, False, True])).entities == [[("x", "person"), ("y", "person")]]


def test_embeddings_come_with_who_has_one() -> None:
    """A post without one has noughts; without any there is no dimension."""
    told: dict[str, Any] = {"embedding": [0.5, -0.5], "embedding_version": "e1"}
    rows = [row(2, embedding=None, embedding_version=None), row(1, **told)]
    posts = PostTable.of_pages([table_of_posts(rows)])
    numbers, known = posts.embeddings
    assert (numbers.tolist(), known.tolist()) == ([[0.5, -0.5], [0.0, 0.0]], [True, False])
    assert posts.embedding_version == "e1"
    assert posts.only(known).embeddings[0].tolist() == [[0.5, -0.5]]
    bare = PostTable.of_pages([table_of_posts([row(1)])])
    assert bare.embeddings[0].shape == (1, 0)
    assert bare.embedding_version is None


def test_posts_have_the_clusters_of_their_authors() -> None:
    """-1 where the author has none."""
    posts = PostTable.of_pages([table_of_posts([row(number, number) for number in range(3)])])
    assert posts.clusters({KEYS[0]: 4, KEYS[2]: 0}).tolist() == [4, -1, 0]


def test_no_posts_are_a_table_too() -> None:
    """Of no page, and of posts that are all left out."""
    for pages in ([], [table_of_posts([row(1, voice="internal")])]):
        posts = PostTable.of_pages(pages)
        assert len(posts) == 0
        assert posts.strings("text").shape == posts.numbers("score").shape == posts.hours.shape == (0,)
        assert posts.truths("is_repost").dtype == np.bool_
        assert posts.embeddings[0].shape == (0, 0)


def test_other_columns_are_refused() -> None:
    """A missing column, one of another type, and pages that differ."""
    page = table_of_posts([row(1)])
    numbers = page.set_column(0, "post_key", pa.array([1]))
    for pages in ([page.drop_columns(["text"])], [numbers, page], [page.set_column(3, "platform", pa.array([[1]]))]):
        with pytest.raises(UnreadablePostsError, match="other columns"):
            PostTable.of_pages(pages)
