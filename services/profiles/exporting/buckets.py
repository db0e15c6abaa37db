"""Buckets as a table: one row an hour or a day of one voice, by voice, span and time."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from services.profiles.exporting.export import Of
from services.profiles.exporting.table import COUNTS, INTEGER, MOMENT, NUMBER, TEXT, TRUTH, Columns, Table, counts
from services.profiles.kept import KeptBucket
from services.profiles.profile import mean_of_millionths
from shared.analysis import SENTIMENT_LABELS

PLAIN: Final = ("posts", "scored_posts", "score_sum", "likes", "reposts", "replies")
_CATEGORY = pa.struct([("name", TEXT), ("posts", INTEGER), ("scored_posts", INTEGER), ("score_sum", INTEGER)])

SCHEMA: Final = pa.schema(
    [
        ("voice", TEXT),
        ("span", TEXT),
        ("start", MOMENT),
        ("posts", INTEGER),
        ("scored_posts", INTEGER),
        ("mean_score", NUMBER),
        ("authors", INTEGER),
        ("authors_exact", TRUTH),
        *((label, INTEGER) for label in SENTIMENT_LABELS),
        ("likes", INTEGER),
        ("reposts", INTEGER),
        ("replies", INTEGER),
        ("languages", COUNTS),
        ("categories", pa.list_(_CATEGORY)),
        ("score_sum", INTEGER),
        ("author_threshold", INTEGER),
        ("author_numbers", pa.binary()),
    ]
)


def _columns(rows: Sequence[KeptBucket]) -> Columns:
    rollups = [kept.rollup for kept in rows]
    return {
        **{name: [getattr(kept.key, name) for kept in rows] for name in ("voice", "span", "start")},
        **{name: [getattr(one, name) for one in rollups] for name in PLAIN},
        **{label: [one.labels.get(label, 0) for one in rollups] for label in SENTIMENT_LABELS},
        "mean_score": [mean_of_millionths(one.score_sum, one.scored_posts) for one in rollups],
        "authors": [one.authors.authors for one in rollups],
        "authors_exact": [one.authors.exact for one in rollups],
        "languages": [counts(one.languages) for one in rollups],
        "categories": [
            [
                {
                    "name": name,
                    "posts": scored.posts,
                    "scored_posts": scored.scored_posts,
                    "score_sum": scored.score_sum,
                }
                for name, scored in sorted(one.categories.items())
            ]
            for one in rollups
        ],
        "author_threshold": [one.authors.theta for one in rollups],
        "author_numbers": [one.authors.numbers for one in rollups],
    }


BUCKETS: Final = Table(
    Of.BUCKETS,
    SCHEMA,
    _columns,
    backup=frozenset({"score_sum", "author_threshold", "author_numbers"}),
    derived=frozenset({"mean_score", "authors", "authors_exact"}),
)
