"""Topics over time: posts and sentiment by bucket, and which topics grow. Pure."""

from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from services.clusters.terms.token_table import Floats, Ints
from services.clusters.topics.corpus import Corpus
from services.clusters.topics.topic import TopicHistory, TopicPoint
from shared.small_groups import LEAST_PEOPLE

Bucket = Literal["hour", "day", "week", "month"]
_HOURS: Final[dict[Bucket, int]] = {"hour": 72, "day": 24 * 120, "week": 24 * 7 * 120}
"""The longest time that is told in such buckets; a longer one is told in months."""
_MONDAY: Final = np.datetime64("1970-01-05", "h")
_WEEK: Final = np.timedelta64(7 * 24, "h")


def history_of(corpus: Corpus, ids: Ints) -> TopicHistory:
    """Return what became of each topic, `ids` (posts,), bucket by bucket; posts of topic -1 count nowhere.

    A cell of fewer than five people is left out, and others of its topic or bucket as long as what is missing there is
    of fewer than five people or of one cell.
    """
    chosen = np.flatnonzero(ids >= 0)
    bucket = _bucket(corpus.hours[chosen])
    starts, when = np.unique(_starts(corpus.hours[chosen], bucket), return_inverse=True)
    topics, which = np.unique(ids[chosen], return_inverse=True)
    shape = (len(topics), len(starts))
    cells = which * len(starts) + when
    posts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    people = _people(cells, corpus.authors[chosen], shape)
    scores = _means(cells, corpus.scores[chosen], shape)
    hidden = withheld_cells(people)
    points = [
        TopicPoint(
            start=_aware(starts[column]),
            topic=int(topics[row]),
            posts=int(posts[row, column]),
            share=float(posts[row, column] / posts[:, column].sum()),
            mean_score=None if np.isnan(scores[row, column]) else float(scores[row, column]),
        )
        for column, row in np.argwhere(((posts > 0) & ~hidden).T).tolist()
    ]
    return TopicHistory(bucket=bucket, points=points, withheld=int(hidden.sum()))


def trends_of(corpus: Corpus, ids: Ints, topics: Ints) -> list[float | None]:
    """Return for each topic by how much its share of the later half of the posts is above that of the earlier half."""
    chosen = np.flatnonzero(ids >= 0)
    hours = np.sort(corpus.hours[chosen])
    if not len(hours) or hours[0] == hours[-1]:
        return [None] * len(topics)
    middle = max(hours[len(hours) // 2], hours[hours > hours[0]][0])
    later = corpus.hours[chosen] >= middle
    return [
        float(np.mean(ids[chosen][later] == topic) - np.mean(ids[chosen][~later] == topic)) for topic in topics.tolist()
    ]


def withheld_cells(people: Ints) -> NDArray[np.bool_]:
    """Tell which cells of (topics, buckets) are left out, by how many people each has.

    Those of fewer than five, and the next smallest of a row or a column in which what is left out is of one cell or
    of fewer than five people, until there is none (complementary suppression). An empty cell tells of nobody.
    """
    hidden = (people > 0) & (people < LEAST_PEOPLE)
    changed = bool(hidden.any())
    while changed:
        changed = False
        for lines, marks in ((people, hidden), (people.T, hidden.T)):
            for line, mark in zip(lines, marks, strict=True):
                shown = np.flatnonzero((line > 0) & ~mark)
                if mark.any() and shown.size and (mark.sum() == 1 or line[mark].sum() < LEAST_PEOPLE):
                    mark[shown[np.argmin(line[shown])]] = True
                    changed = True
    return hidden


def _bucket(hours: NDArray[np.datetime64]) -> Bucket:
    span = int((hours.max() - hours.min()) / np.timedelta64(1, "h")) if len(hours) else 0
    return next((bucket for bucket, longest in _HOURS.items() if span <= longest), "month")


def _starts(hours: NDArray[np.datetime64], bucket: Bucket) -> NDArray[np.datetime64]:
    if bucket == "week":
        return _MONDAY + (hours - _MONDAY) // _WEEK * _WEEK
    unit = {"hour": "h", "day": "D", "month": "M"}[bucket]
    found: NDArray[np.datetime64] = hours.astype(f"datetime64[{unit}]").astype("datetime64[h]")
    return found


def _people(cells: Ints, authors: Ints, shape: tuple[int, int]) -> Ints:
    wide = int(authors.max(initial=0)) + 1
    distinct = np.unique(cells * wide + authors)
    return np.bincount(distinct // wide, minlength=shape[0] * shape[1]).reshape(shape)


def _means(cells: Ints, scores: Floats, shape: tuple[int, int]) -> Floats:
    """Return the mean score of each cell, NaN where none is known."""
    known = ~np.isnan(scores)
    count = np.bincount(cells[known], minlength=shape[0] * shape[1]).astype(np.float64)
    total = np.bincount(cells[known], weights=scores[known], minlength=shape[0] * shape[1])
    means: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape)
    return means


def _aware(start: np.datetime64) -> datetime:
    hours = int((start - np.datetime64(0, "h")) / np.timedelta64(1, "h"))
    return datetime.fromtimestamp(hours * 3600, UTC)
