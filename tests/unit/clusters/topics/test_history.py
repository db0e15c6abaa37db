"""Topics over time: buckets, what is left out of them, and which topics grow."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.clusters.topics.corpus import Corpus
from services.clusters.topics.history import history_of, trends_of, withheld_cells
from shared.small_groups import LEAST_PEOPLE
from tests.unit.clusters.topics.themed_posts import START, table_of, themed_posts

CELLS = arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.integers(0, 12))


@given(CELLS)
def test_no_cell_of_few_people_can_be_reckoned(people: Any) -> None:
    """What is left out of a topic or of a bucket is of five people and two cells, or all that there is."""
    hidden = withheld_cells(people)
    assert hidden[(people > 0) & (people < LEAST_PEOPLE)].all()
    assert not hidden[people == 0].any()
    for lines, marks in ((people, hidden), (people.T, hidden.T)):
        for line, mark in zip(lines, marks, strict=True):
            if mark.any() and ((line > 0) & ~mark).any():
                assert mark.sum() > 1
                assert line[mark].sum() >= LEAST_PEOPLE


def placed(hours: list[int], topics: list[int], authors: int = 12) -> tuple[Corpus, Any]:
    """Return posts at some hours after the start, and their topics, in the order of their keys."""
    posts = themed_posts(2, (len(hours) + 1) // 2)[: len(hours)]
    for number, (post, hour) in enumerate(zip(posts, hours, strict=True)):
        post |= {"post_key": f"{number:08}", "hour": START + timedelta(hours=hour), "score": (number % 2) * 1.0}
        post["author_key"] = f"author-{number % authors}"
    return Corpus.of(table_of(posts)), np.array(topics)


@pytest.mark.parametrize(
    ("last", "bucket"), [(72, "hour"), (73, "day"), (24 * 120, "day"), (24 * 300, "week"), (24 * 2000, "month")]
)
def test_the_longer_the_time_the_wider_its_buckets(last: int, bucket: str) -> None:
    """So that a history is never long."""
    corpus, ids = placed([0] * 20 + [last] * 20, [0] * 40)
    history = history_of(corpus, ids)
    assert history.bucket == bucket
    assert [point.posts for point in history.points] == [20, 20]
    assert [point.share for point in history.points] == [1.0, 1.0]
    assert history.points[0].start <= START


def test_a_bucket_tells_posts_shares_and_sentiment() -> None:
    """Posts without a topic count in no bucket."""
    corpus, ids = placed([0] * 40, [0] * 20 + [1] * 10 + [-1] * 10)
    points = history_of(corpus, ids).points
    assert [(point.topic, point.posts, point.share) for point in points] == [(0, 20, 2 / 3), (1, 10, 1 / 3)]
    assert [point.mean_score for point in points] == [0.5, 0.5]


def test_a_topic_that_is_written_about_later_grows() -> None:
    """By how much its share of the later half is above that of the earlier; nothing is told of a single hour."""
    topics = np.array([0, 1])
    corpus, ids = placed([0] * 20 + [9] * 20, [0] * 15 + [1] * 5 + [0] * 5 + [1] * 15)
    assert trends_of(corpus, ids, topics) == [-0.5, 0.5]
    corpus, ids = placed([3] * 40, [0, 1] * 20)
    assert trends_of(corpus, ids, topics) == [None, None]
    corpus, ids = placed([0] * 30 + [5] * 10, [0] * 30 + [1] * 10)
    assert trends_of(corpus, ids, topics) == [-1.0, 1.0]
