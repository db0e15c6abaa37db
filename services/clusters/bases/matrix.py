"""From the table that profiles gives to a matrix that KMeans can read. Pure."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.clusters.bases.basis import CannotTrainError, DroppedFeature
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
"""What is read of the table; further columns are left alone."""

LARGEST = 1e15
"""Larger figures are cut to this: no count comes near, and squares of it stay finite."""

FARTHEST = 4.0
"""Scaled values are cut to this many standard deviations, so that no single author makes a cluster of their own."""

FEWEST_TIMED = 3
"""The hours of fewer posts are taken as unknown: one post falls into one hour, which says nothing of a habit."""

FEWEST_SPREAD = 2
"""One score has no spread."""

_SECONDS_A_DAY = 86_400.0
_FLAT = 1e-12


@dataclass(frozen=True)
class FeatureMatrix:
    """Authors in rows (ordered by key), features in columns; the columns of all three matrices agree.

    `known` is in the features' own units with NaN for unknown, `transformed` the same after log1p of
    heavy-tailed counts, `scaled` is what is clustered: finite, unknown replaced, mean 0 and standard
    deviation 1 before cutting at ±4.
    """

    author_keys: list[str]
    features: tuple[Feature, ...]
    dropped: tuple[DroppedFeature, ...]
    known: Floats
    transformed: Floats
    scaled: Floats


def behaviour_of(table: pa.Table) -> FeatureMatrix:
    """Return the matrix of every author in `table`; the order of rows and chunks does not matter.

    Unknown values become the median of the known ones: an author whose followers are unknown should
    lie where most lie and be placed by what is known of them; a mean would follow the heavy tail.
    Features that are known of no author, or that are the same for all, are dropped and named.
    Raises CannotTrainError where the table lacks a column.
    """
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise CannotTrainError(f"profiles' features lack the columns {', '.join(missing)}; update profiles")
    table = table.select(COLUMNS).sort_by("author_key").combine_chunks()
    raw = np.column_stack([_bounded(feature, values) for feature, values in _raw(table)])
    transformed = np.where([feature.heavy for feature in BEHAVIOUR], np.log1p(raw), raw)
    kept, dropped = _sift(transformed)
    return FeatureMatrix(
        author_keys=table["author_key"].to_pylist(),
        features=tuple(BEHAVIOUR[place] for place in kept),
        dropped=dropped,
        known=raw[:, kept],
        transformed=transformed[:, kept],
        scaled=_scaled(transformed[:, kept]),
    )


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


def _sift(transformed: Floats) -> tuple[list[int], tuple[DroppedFeature, ...]]:
    kept, dropped = [], []
    for place, feature in enumerate(BEHAVIOUR):
        values = transformed[:, place]
        values = values[~np.isnan(values)]
        if not values.size:
            dropped.append(DroppedFeature(feature=feature.name, reason="not known for any author"))
        elif np.ptp(values) < _FLAT:
            dropped.append(DroppedFeature(feature=feature.name, reason="the same for every author it is known for"))
        else:
            kept.append(place)
    return kept, tuple(dropped)


def _scaled(transformed: Floats) -> Floats:
    if not transformed.shape[1]:
        return transformed
    filled = np.where(np.isnan(transformed), np.nanmedian(transformed, axis=0), transformed)
    centred = filled - np.nanmean(transformed, axis=0)
    deviations = np.nanstd(transformed, axis=0)
    scaled: Floats = np.clip(centred / np.where(deviations < _FLAT, 1.0, deviations), -FARTHEST, FARTHEST)
    return scaled
