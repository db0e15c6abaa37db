"""What is said of each cluster. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.clusters.bases.behaviour import Feature, names, sentence, words_of
from services.clusters.bases.matrix import FeatureMatrix, by_key
from services.clusters.cards.cluster import Cluster, ClusterCard, Distinctive, SmallCluster
from services.clusters.cards.post_summary import PostSummaries
from services.clusters.cards.suppression import told_cells
from shared.small_groups import LEAST_PEOPLE, withheld

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST_DISTINCTIVE = 8
MOST_LANGUAGES = 10
NOTABLE = 0.25
"""A mean less than this many standard deviations from the overall mean distinguishes no cluster."""
WITHOUT_POSTS = PostSummaries({})


@dataclass(frozen=True)
class Opinions:
    """Of each author, in the matrix's order: score (NaN where unknown), main language, posts by hour (authors, 24).

    `language` are places in `languages`.
    """

    mean_score: Floats
    scored_posts: Floats
    language: Ids
    languages: Sequence[str]
    hours: Floats

    @classmethod
    def of(cls, table: pa.Table) -> "Opinions":
        """Read them from the table of features."""
        columns = ["author_key", "mean_score", "scored_posts", "main_language", "hours"]
        table = by_key(table.select(columns))
        scores = table["mean_score"].cast(pa.float64()).to_numpy()
        hours = table["hours"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, 24)
        posts = table["scored_posts"].cast(pa.float64()).to_numpy()
        language = pc.fill_null(table["main_language"].combine_chunks(), "und").dictionary_encode()
        codes = language.indices.to_numpy().astype(np.int64)
        return cls(scores, posts, codes, language.dictionary.to_pylist(), hours)


def described_clusters(ids: Ids) -> frozenset[int]:
    """Return the clusters of which something may be told, by the cluster of each author."""
    clusters, sizes = np.unique(ids, return_counts=True)
    counts = dict(zip(clusters.tolist(), sizes.tolist(), strict=True))
    return frozenset(counts.keys() - withheld(counts))


def describe(
    matrix: FeatureMatrix,
    opinions: Opinions,
    ids: Ids,
    stability: Mapping[int, float],
    summaries: PostSummaries = WITHOUT_POSTS,
    *,
    named_by_theme: bool = False,
) -> list[Cluster]:
    """Return a card for each cluster id in `ids` (one id an author), ascending by id.

    A cluster of fewer than five authors gets a card without figures, and so does one beside it, so that nothing is
    left of the totals; features and scores that are known for fewer than five authors of a cluster are left out alike.
    Clusters are named by their features, or `named_by_theme` by what their people write, where that may be told.
    """
    members = {int(cluster): ids == cluster for cluster in np.unique(ids)}
    described = [cluster for cluster in members if cluster in described_clusters(ids)]
    known = ~np.isnan(matrix.known)
    untold = [withheld(_counts(members, known[:, place])) for place in range(len(matrix.features))]
    scored = ~np.isnan(opinions.mean_score) & (opinions.scored_posts > 0)
    unscored = withheld(_counts(members, scored))
    overall = [OverallFigure.of(matrix.known[:, place], matrix.transformed[:, place]) for place in range(len(untold))]
    distinctive = {
        cluster: _distinctive(matrix, overall, members[cluster], [cluster in hidden for hidden in untold])
        for cluster in described
    }
    by_name = dict(zip([feature.name for feature in matrix.features], matrix.features, strict=True))
    behaviour = {
        cluster: words_of([(by_name[one.feature], one.z) for one in each]) for cluster, each in distinctive.items()
    }
    themes = {cluster: summaries.find(cluster).theme for cluster in described} if named_by_theme else {}
    found = names([themes.get(cluster) or behaviour[cluster] for cluster in described])
    named = dict(zip(described, found, strict=True))
    hours = _hours(opinions.hours, ids, described)
    cards: list[Cluster] = []
    for cluster, inside in members.items():
        if cluster not in named:
            cards.append(SmallCluster(id=cluster))
            continue
        size = int(inside.sum())
        summary = summaries.find(cluster)
        cards.append(
            ClusterCard(
                id=cluster,
                name=named[cluster],
                size=size,
                share=size / len(ids),
                centroid=_centroid(matrix, inside, [cluster in hidden for hidden in untold]),
                distinctive=distinctive[cluster][:MOST_DISTINCTIVE],
                mean_score=None if cluster in unscored else _mean_score(opinions, inside & scored),
                languages=_languages(opinions, inside),
                top_terms=summary.terms,
                top_categories=summary.categories,
                top_entities=summary.entities,
                score_trend=summary.trend,
                hours=hours[cluster],
                weekdays=summary.weekdays,
                stability=stability[cluster],
            )
        )
    return cards


def _counts(members: Mapping[int, Mask], of: Mask | None = None) -> dict[int, int]:
    """Return how many authors (of those in `of`) each cluster has."""
    return {cluster: int((inside if of is None else inside & of).sum()) for cluster, inside in members.items()}


@dataclass(frozen=True)
class OverallFigure:
    """Of all authors' known values of a feature: the mean, and mean and deviation after log1p of counts."""

    known: float
    transformed: float
    deviation: float

    @classmethod
    def of(cls, known: Floats, transformed: Floats) -> "OverallFigure":
        """Measure a column, NaN where unknown."""
        return cls(float(np.nanmean(known)), float(np.nanmean(transformed)), float(np.nanstd(transformed)))


def _distinctive(
    matrix: FeatureMatrix, overall: Sequence[OverallFigure], members: Mask, untold: Sequence[bool]
) -> list[Distinctive]:
    """Return every notable feature that is told and known for half the members, strongest first.

    A feature whose plain means point the other way than its z (one huge count can do that) is left out:
    its sentence would contradict its figures.
    """
    found = []
    for place, feature in enumerate(matrix.features):
        if untold[place]:
            continue
        one = _difference(feature, overall[place], matrix.known[:, place], matrix.transformed[:, place], members)
        if one is not None and abs(one.z) >= NOTABLE and (one.cluster_mean - one.overall_mean) * one.z > 0:
            found.append(one)
    return sorted(found, key=lambda one: -abs(one.z))


def _difference(
    feature: Feature, overall: OverallFigure, known: Floats, transformed: Floats, members: Mask
) -> Distinctive | None:
    inside = members & ~np.isnan(known)
    if inside.sum() < max(LEAST_PEOPLE, members.sum() / 2):
        return None
    z = (float(transformed[inside].mean()) - overall.transformed) / overall.deviation
    here = float(known[inside].mean())
    words = sentence(feature, z, here, overall.known)
    return Distinctive(feature=feature.name, cluster_mean=here, overall_mean=overall.known, z=z, words=words)


def _centroid(matrix: FeatureMatrix, members: Mask, untold: Sequence[bool]) -> dict[str, float | None]:
    """Return means of known values; a figure known for fewer than five members would be a person's."""
    means: dict[str, float | None] = {}
    for place, feature in enumerate(matrix.features):
        values = matrix.known[members, place]
        values = values[~np.isnan(values)]
        means[feature.name] = None if untold[place] or not values.size else float(values.mean())
    return means


def _mean_score(opinions: Opinions, scored: Mask) -> float | None:
    if not scored.any():
        return None
    mean = np.average(opinions.mean_score[scored], weights=opinions.scored_posts[scored])
    return float(np.clip(mean, 0.0, 1.0))


def _languages(opinions: Opinions, members: Mask) -> dict[str, float]:
    authors = np.bincount(opinions.language[members], minlength=len(opinions.languages)).tolist()
    counts = {language: count for language, count in zip(opinions.languages, authors, strict=True) if count}
    hidden = withheld(counts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LANGUAGES]
    return {language: count / sum(authors) for language, count in ordered if language not in hidden}


def _hours(posts: Floats, ids: Ids, described: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return the shares of each cluster's posts by hour of the day (UTC), without those that may not be told."""
    of_cluster = [posts[ids == cluster] for cluster in described]
    counts = np.array([each.sum(axis=0) for each in of_cluster]).reshape(-1, 24)
    told = told_cells(np.array([(each > 0).sum(axis=0) for each in of_cluster], dtype=np.int64).reshape(-1, 24))
    return {
        cluster: {
            str(hour): float(counts[row, hour] / counts[row].sum()) for hour in np.flatnonzero(told[row]).tolist()
        }
        for row, cluster in enumerate(described)
    }
