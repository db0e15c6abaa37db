"""The numbers of each author, read from the table that profiles gives. Pure."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.clusters.bases.basis import CannotTrainError, DroppedFeature, FilledFeature, LeftOut
from services.clusters.bases.behaviour import BEHAVIOUR, Feature

Floats = NDArray[np.float64]

COLUMNS = [
    *("author_key", "posts", "scored_posts", "mean_score", "score_stddev", "mean_subjectivity", "negative", "positive"),
    *(
        "likes",
        "reposts",
        "replies",
        "repost_posts",
        "reply_posts",
        "followers",
        "following",
        "account_posts",
        "listed",
    ),
    *("verified", "protected", "age_days", "first_seen", "last_seen", "main_language", "languages", "hours"),
]
"""What is read of the table by every basis; further columns are left alone."""

LARGEST = 1e15
"""Larger figures are cut to this: no count comes near, and squares of it stay finite."""

FEWEST_TIMED = 3
"""The hours of fewer posts are taken as unknown: one post falls into one hour, which says nothing of a habit."""

FEWEST_SPREAD = 2
"""One score has no spread."""

HEAVY = [place for place, feature in enumerate(BEHAVIOUR) if feature.heavy]

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class FeatureMatrix:
    """The authors that take part, in rows ordered by key; the columns of `known` and `transformed` are `features`.

    `known` (authors, features) is in the features' own units with NaN for unknown, `transformed` the same after
    log1p of heavy-tailed counts, `scaled` (authors, dimensions) what is clustered: finite, by whichever basis.
    `table` has the same authors in the same order, with every column that profiles gave. `dropped` are the features
    that tell no authors apart, `filled` those with unknown values; `left_out` counts the authors that take no part.
    """

    table: pa.Table
    author_keys: list[str]
    features: tuple[Feature, ...]
    dropped: tuple[DroppedFeature, ...]
    filled: tuple[FilledFeature, ...]
    left_out: LeftOut
    known: Floats
    transformed: Floats
    scaled: Floats


def check_columns(table: pa.Table, columns: list[str]) -> None:
    """Raise CannotTrainError, naming them, where the table lacks columns."""
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise CannotTrainError(f"profiles' features lack the columns {', '.join(missing)}; update profiles")


def by_key(table: pa.Table) -> pa.Table:
    """Return the table ordered by `author_key`; one that is ordered already, as profiles sends it, is not copied."""
    keys = table["author_key"].combine_chunks()
    if len(keys) < 2 or pc.all(pc.less_equal(keys.slice(0, len(keys) - 1), keys.slice(1))).as_py():  # noqa: PLR2004 - pairs
        return table
    return table.sort_by("author_key")


def known_values(table: pa.Table) -> Floats:
    """Return the features of `BEHAVIOUR` in their own units, (authors, features), NaN where unknown.

    Counts that are not finite are unknown; shares and scores are cut to [0, 1], all else to [0, `LARGEST`].
    Raises CannotTrainError where the table lacks a column.
    """
    check_columns(table, COLUMNS)
    known = np.empty((len(table), len(BEHAVIOUR)), order="F")
    for place, (feature, values) in enumerate(_raw(table.combine_chunks())):
        known[:, place] = _bounded(feature, values)
    return known


def transformed_values(known: Floats) -> Floats:
    """Return the values after log1p of heavy-tailed counts."""
    transformed = known.copy(order="K")
    for place in HEAVY:
        transformed[:, place] = np.log1p(known[:, place])
    return transformed


def _raw(table: pa.Table) -> list[tuple[Feature, Floats]]:
    posts = np.maximum(_floats(table, "posts"), 1.0)
    scored = _floats(table, "scored_posts")
    scored = np.where(scored > 0, scored, np.nan)
    hours = table["hours"].combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(float).reshape(-1, 24)
    timed = hours.sum(axis=1)
    timed = np.where(timed >= FEWEST_TIMED, timed, np.nan)
    values = {
        "posts": posts,
        "active_days": (_floats(table, "last_seen") - _floats(table, "first_seen")) / _SECONDS_A_DAY,
        "likes_per_post": _floats(table, "likes") / posts,
        "reposts_per_post": _floats(table, "reposts") / posts,
        "replies_per_post": _floats(table, "replies") / posts,
        "score_stddev": np.where(scored >= FEWEST_SPREAD, _floats(table, "score_stddev"), np.nan),
        "negative_share": _floats(table, "negative") / scored,
        "positive_share": _floats(table, "positive") / scored,
        "repost_share": _floats(table, "repost_posts") / posts,
        "reply_share": _floats(table, "reply_posts") / posts,
        "night_share": hours[:, 0:6].sum(axis=1) / timed,
        "working_share": hours[:, 8:18].sum(axis=1) / timed,
    }
    return [
        (feature, values[feature.name] if feature.name in values else _floats(table, feature.name))
        for feature in BEHAVIOUR
    ]


def _floats(table: pa.Table, column: str) -> Floats:
    """Return a column as floats, NaN for null; times as seconds since 1970."""
    values = table[column]
    if pa.types.is_timestamp(values.type):
        values = pc.cast(pc.cast(values, pa.timestamp("s", tz=values.type.tz), safe=False), pa.int64())
    floats: Floats = pc.cast(values, pa.float64(), safe=False).to_numpy()
    return floats


def _bounded(feature: Feature, values: Floats) -> Floats:
    limit = 1.0 if feature.share or feature.name in {"mean_score", "score_stddev"} else LARGEST
    return np.where(np.isfinite(values), np.clip(values, 0.0, limit), np.nan)
