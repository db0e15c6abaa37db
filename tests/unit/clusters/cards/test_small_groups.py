"""Whatever a run is made of, nothing that it answers, and nothing left of its totals, is of fewer than five people."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.clusters.cards.cluster import ClusterCard
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.runs.run import K, RunRequest
from services.clusters.runs.trained_clusters import JOINED, TrainedClusters, train
from shared.small_groups import LEAST_PEOPLE
from tests.unit.clusters.authors import author, table_of

QUICK = TrainingBudget(starts=1, bootstraps=1)
LANGUAGES = ["en", "fr", "de", "ja", None]


@st.composite
def crowds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return authors of a few kinds, some of them in ones and twos, with figures that not all have."""
    sizes = draw(st.lists(st.integers(1, 16), min_size=2, max_size=6).filter(lambda sizes: sum(sizes) >= 10))
    rows: list[dict[str, Any]] = []
    for kind, size in enumerate(sizes):
        random = np.random.default_rng(draw(st.integers(0, 1000)))
        for _ in range(size):
            posts = int(random.integers(1, 4)) * 10**kind
            is_scored, is_known = random.random() < 0.7, random.random() < 0.6
            figures = {
                "posts": posts,
                "likes": posts * kind,
                "scored_posts": posts if is_scored else 0,
                "mean_score": float(random.random()) if is_scored else None,
                "followers": int(random.integers(1, 1000)) if is_known else None,
                "main_language": LANGUAGES[int(random.integers(len(LANGUAGES)))],
            }
            rows.append(author(len(rows), **figures))
    return rows


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(crowds(), st.one_of(st.just("auto"), st.integers(2, 5)))
def test_no_run_tells_of_fewer_than_five(rows: list[dict[str, Any]], k: K) -> None:
    """Sizes, shares, means and languages: each is of five people and more, and so is what is not told."""
    if k != "auto" and len({(row["posts"], row["followers"], row["mean_score"]) for row in rows}) < k:
        return
    trained = train(table_of(rows), RunRequest(k=k), budget=QUICK)
    members = {row["author_key"]: row for row in rows}
    clusters: dict[int, list[dict[str, Any]]] = {}
    for author_key, cluster in zip(trained.author_keys, trained.cluster_ids, strict=True):
        clusters.setdefault(cluster, []).append(members[author_key])
    assert all(len(inside) >= LEAST_PEOPLE for inside in clusters.values())
    assert {card.id for card in trained.clusters} == clusters.keys()
    assert sum(card.size or 0 for card in trained.clusters) == len(rows)
    for card in trained.clusters:
        assert isinstance(card, ClusterCard)
        _check_languages(card, clusters[card.id])
    _check_means(trained, clusters)
    for score in trained.scores:
        assert score.smallest_size is not None
        assert score.smallest_size >= LEAST_PEOPLE
    assert (JOINED in trained.choice.reason) == (len(trained.clusters) < trained.choice.k)


def _check_languages(card: ClusterCard, inside: list[dict[str, Any]]) -> None:
    spoken = Counter(row["main_language"] or "und" for row in inside)
    told = {language: round(share * card.size) for language, share in card.languages.items()}
    assert told == {language: spoken[language] for language in told}
    assert all(people >= LEAST_PEOPLE for people in told.values())
    assert card.size - sum(told.values()) not in range(1, LEAST_PEOPLE)


def _check_means(trained: TrainedClusters, clusters: dict[int, list[dict[str, Any]]]) -> None:
    cards = [card for card in trained.clusters if isinstance(card, ClusterCard)]
    scored = {card.id: sum(bool(row["scored_posts"]) for row in clusters[card.id]) for card in cards}
    _check_left(scored, {card.id for card in cards if card.mean_score is not None})
    if "followers" in trained.features:
        known = {card.id: sum(row["followers"] is not None for row in clusters[card.id]) for card in cards}
        _check_left(known, {card.id for card in cards if card.centroid["followers"] is not None})


def _check_left(people: dict[int, int], told: set[int]) -> None:
    assert all(people[cluster] >= LEAST_PEOPLE for cluster in told)
    left = sum(people.values()) - sum(people[cluster] for cluster in told)
    assert left not in range(1, LEAST_PEOPLE) or not told
