"""What is said of each cluster. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.bases.behaviour import Feature, names, sentence
from services.clusters.bases.matrix import FeatureMatrix
from services.clusters.cards.cluster import Cluster, ClusterCard, Distinctive, SmallCluster
from shared.small_groups import LEAST_PEOPLE, withheld

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]

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

    A cluster of fewer than five authors gets a card without figures, and so does one beside it, so that nothing is
    left of the totals; features and scores that are known for fewer than five authors of a cluster are left out alike.
    """
    members = {int(cluster): ids == cluster for cluster in np.unique(ids)}
    described = [cluster for cluster in members if cluster not in withheld(_counts(members))]
    known = ~np.isnan(matrix.known)
    untold = [withheld(_counts(members, known[:, place])) for place in range(len(matrix.features))]
    scored = ~np.isnan(opinions.mean_score) & (opinions.scored_posts > 0)
    unscored = withheld(_counts(members, scored))
    distinctive = {
        cluster: _distinctive(matrix, members[cluster], [cluster in hidden for hidden in untold])
        for cluster in described
    }
    by_name = dict(zip([feature.name for feature in matrix.features], matrix.features, strict=True))
    found = names([[(by_name[one.feature], one.z) for one in each] for each in distinctive.values()])
    named = dict(zip(described, found, strict=True))
    cards: list[Cluster] = []
    for cluster, inside in members.items():
        if cluster not in named:
            cards.append(SmallCluster(id=cluster))
            continue
        size = int(inside.sum())
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
                stability=stability[cluster],
            )
        )
    return cards


def _counts(members: Mapping[int, Mask], of: Mask | None = None) -> dict[int, int]:
    """Return how many authors (of those in `of`) each cluster has."""
    return {cluster: int((inside if of is None else inside & of).sum()) for cluster, inside in members.items()}


def _distinctive(matrix: FeatureMatrix, members: Mask, untold: Sequence[bool]) -> list[Distinctive]:
    """Return every notable feature that is told and known for half the members, strongest first.

    A feature whose plain means point the other way than its z (one huge count can do that) is left out:
    its sentence would contradict its figures.
    """
    found = []
    for place, feature in enumerate(matrix.features):
        if untold[place]:
            continue
        one = _difference(feature, matrix.known[:, place], matrix.transformed[:, place], members)
        if one is not None and abs(one.z) >= NOTABLE and (one.cluster_mean - one.overall_mean) * one.z > 0:
            found.append(one)
    return sorted(found, key=lambda one: -abs(one.z))


def _difference(feature: Feature, known: Floats, transformed: Floats, members: Mask) -> Distinctive | None:
    inside = members & ~np.isnan(known)
    if inside.sum() < max(LEAST_PEOPLE, members.sum() / 2):
        return None
    z = float((transformed[inside].mean() - np.nanmean(transformed)) / np.nanstd(transformed))
    here, overall = float(known[inside].mean()), float(np.nanmean(known))
    return Distinctive(
        feature=feature.name, cluster_mean=here, overall_mean=overall, z=z, words=sentence(feature, z, here, overall)
    )


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
    places = np.flatnonzero(members).tolist()
    counts = Counter(opinions.language[place] or "und" for place in places)
    hidden = withheld(counts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LANGUAGES]
    return {language: count / len(places) for language, count in ordered if language not in hidden}
