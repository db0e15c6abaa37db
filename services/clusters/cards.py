"""What is said of each cluster. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.behaviour import Feature, names, sentence
from services.clusters.cluster import MIN_DESCRIBED, Cluster, ClusterCard, Distinctive, SmallCluster
from services.clusters.matrix import FeatureMatrix

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

MOST_DISTINCTIVE = 8
MOST_LANGUAGES = 10
NOTABLE = 0.25
"""A mean less than this many standard deviations from the overall mean distinguishes no cluster."""


@dataclass(frozen=True)
class Opinions:
    """Score and main language of each author, in the matrix's order; `mean_score` is NaN where unknown."""

    mean_score: Floats
    scored_posts: Floats
    language: Sequence[str | None]

    @classmethod
    def of(cls, table: pa.Table) -> "Opinions":
        """Read them from the table of features."""
        table = table.select(["author_key", "mean_score", "scored_posts", "main_language"]).sort_by("author_key")
        scores = table["mean_score"].cast(pa.float64()).to_numpy()
        return cls(scores, table["scored_posts"].cast(pa.float64()).to_numpy(), table["main_language"].to_pylist())


def describe(matrix: FeatureMatrix, opinions: Opinions, ids: Ids, stability: Mapping[int, float]) -> list[Cluster]:
    """Return a card for each cluster id in `ids` (one id an author), ascending by id.

    A cluster of fewer than five authors gets its size alone.
    """
    present = [int(cluster) for cluster in np.unique(ids)]
    described = [cluster for cluster in present if (ids == cluster).sum() >= MIN_DESCRIBED]
    distinctive = [_distinctive(matrix, ids == cluster) for cluster in described]
    by_name = dict(zip([feature.name for feature in matrix.features], matrix.features, strict=True))
    named = dict(
        zip(described, names([[(by_name[one.feature], one.z) for one in each] for each in distinctive]), strict=True)
    )
    cards: list[Cluster] = []
    for cluster in present:
        members = ids == cluster
        size = int(members.sum())
        share = size / len(ids)
        if cluster not in named:
            cards.append(SmallCluster(id=cluster, size=size, share=share))
            continue
        cards.append(
            ClusterCard(
                id=cluster,
                name=named[cluster],
                size=size,
                share=share,
                centroid=_centroid(matrix, members),
                distinctive=distinctive[described.index(cluster)][:MOST_DISTINCTIVE],
                mean_score=_mean_score(opinions, members),
                languages=_languages(opinions, members),
                stability=stability[cluster],
            )
        )
    return cards


def _distinctive(matrix: FeatureMatrix, members: NDArray[np.bool_]) -> list[Distinctive]:
    """Return every notable feature that is known for half the members, strongest first.

    A feature whose plain means point the other way than its z (one huge count can do that) is left out:
    its sentence would contradict its figures.
    """
    found = []
    for place, feature in enumerate(matrix.features):
        one = _difference(feature, matrix.known[:, place], matrix.transformed[:, place], members)
        if one is not None and abs(one.z) >= NOTABLE and (one.cluster_mean - one.overall_mean) * one.z > 0:
            found.append(one)
    return sorted(found, key=lambda one: -abs(one.z))


def _difference(feature: Feature, known: Floats, transformed: Floats, members: NDArray[np.bool_]) -> Distinctive | None:
    inside = members & ~np.isnan(known)
    if inside.sum() < max(MIN_DESCRIBED, members.sum() / 2):
        return None
    z = float((transformed[inside].mean() - np.nanmean(transformed)) / np.nanstd(transformed))
    here, overall = float(known[inside].mean()), float(np.nanmean(known))
    return Distinctive(
        feature=feature.name, cluster_mean=here, overall_mean=overall, z=z, words=sentence(feature, z, here, overall)
    )


def _centroid(matrix: FeatureMatrix, members: NDArray[np.bool_]) -> dict[str, float | None]:
    """Return means of known values; a figure known for fewer than five members would be a person's."""
    means = {}
    for place, feature in enumerate(matrix.features):
        values = matrix.known[members, place]
        values = values[~np.isnan(values)]
        means[feature.name] = float(values.mean()) if values.size >= MIN_DESCRIBED else None
    return means


def _mean_score(opinions: Opinions, members: NDArray[np.bool_]) -> float | None:
    scored = members & ~np.isnan(opinions.mean_score) & (opinions.scored_posts > 0)
    if not scored.any():
        return None
    mean = np.average(opinions.mean_score[scored], weights=opinions.scored_posts[scored])
    return float(np.clip(mean, 0.0, 1.0))


def _languages(opinions: Opinions, members: NDArray[np.bool_]) -> dict[str, float]:
    places = np.flatnonzero(members).tolist()
    counts: dict[str, int] = {}
    for place in places:
        language = opinions.language[place] or "und"
        counts[language] = counts.get(language, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LANGUAGES]
    return {language: count / len(places) for language, count in ordered}
