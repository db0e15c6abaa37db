"""Everything that is computed, from table to cards."""

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.clusters.bases.basis import CannotTrainError
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.runs.run import RunRequest, Stage
from services.clusters.runs.trained_clusters import NOTHING_BEFORE, Before, TrainedClusters, train
from tests.unit.clusters.authors import author, table_of, travellers, two_kinds

QUICK = TrainingBudget(search_rows=300, silhouette_rows=200, stability_rows=200, starts=2, bootstraps=3)
PEOPLE = travellers(600)


def essence(learned: TrainedClusters) -> tuple[object, ...]:
    """Return all that must be reproducible."""
    return (learned.author_keys, learned.cluster_ids, learned.choice, learned.scores, learned.clusters)


def test_a_heavy_tailed_brand_gets_balanced_clusters_and_everybody_one() -> None:
    """Authors of mostly one or two posts without account figures make no giant: the largest holds under 90 %."""
    learned = train(table_of(PEOPLE), RunRequest(), budget=QUICK)
    assert len(learned.author_keys) == len(learned.cluster_ids) == 600
    assert max(cluster.share or 0 for cluster in learned.clusters) < 0.9
    assert sum(cluster.size or 0 for cluster in learned.clusters) == 600
    assert {cluster.id for cluster in learned.clusters} == set(learned.cluster_ids)
    assert [score.k for score in learned.scores] == list(range(2, 13))
    assert learned.choice.k == len(learned.clusters)


def test_the_same_data_and_seed_give_the_same_clusters() -> None:
    """Threads and the order and size of pages change nothing, to the last bit."""
    pages = [table_of(PEOPLE[first : first + 70]) for first in range(0, 600, 70)]
    with threadpool_limits(limits=1):
        one = train(table_of(PEOPLE), RunRequest(seed=4), budget=QUICK)
    with threadpool_limits(limits=8):
        other = train(pa.concat_tables(pages[::-1]), RunRequest(seed=4), budget=QUICK)
    assert essence(one) == essence(other)


def test_ids_stay_with_people_from_run_to_run() -> None:
    """A second training with another seed finds the two kinds again under the ids they had."""
    table = table_of(two_kinds(60))
    first = train(table, RunRequest(k=2), NOTHING_BEFORE, QUICK)
    earlier = {key: 7 - cluster for key, cluster in zip(first.author_keys, first.cluster_ids, strict=True)}
    members = pa.table({"author_key": list(earlier), "cluster": list(earlier.values())})
    second = train(table, RunRequest(k=2, seed=99), Before(members, frozenset({6, 7})), QUICK)
    assert dict(zip(second.author_keys, second.cluster_ids, strict=True)) == earlier


def test_a_given_k_is_honoured_beyond_the_search_sample() -> None:
    """As many clusters as asked for, also where the sample alone has too few different authors."""
    learned = train(table_of(PEOPLE), RunRequest(k=20), budget=TrainingBudget(search_rows=10, starts=5, bootstraps=2))
    assert len(learned.clusters) == learned.choice.k == 20
    assert [score.k for score in learned.scores] == [20]


def test_one_giant_and_unknown_figures_hide_no_groups() -> None:
    """Two kinds of people are found where one has 10^9 followers and three in ten tell no age of their account."""
    people = [person | {"age_days": 900 + number} for number, person in enumerate(two_kinds(120))]
    for unknown in np.random.default_rng(0).choice(120, 36, replace=False).tolist():
        people[unknown] |= {"age_days": None}
    people[4] |= {"followers": 10**9}
    learned = train(table_of(people), RunRequest(k=2), budget=QUICK)
    assert [cluster.size for cluster in learned.clusters] == [60, 60]
    assert "NaN" not in "".join(cluster.model_dump_json() for cluster in learned.clusters)


def test_too_few_authors_are_a_sentence() -> None:
    """Three authors cannot be grouped, and the sentence says what is needed."""
    with pytest.raises(CannotTrainError, match="has 3 authors and clusters need at least 10"):
        train(table_of(travellers(3)), RunRequest())


def test_identical_authors_are_one_cluster() -> None:
    """Authors who all look the same are told as one cluster without structure; two of them cannot be made."""
    people = [author(24 * number) for number in range(15)]
    learned = train(table_of(people), RunRequest())
    assert learned.choice.k == 1
    assert "no structure: all authors are alike" in learned.choice.reason
    assert [cluster.size for cluster in learned.clusters] == [15]
    with pytest.raises(CannotTrainError, match="in only 1 different way, and 2 clusters"):
        train(table_of(people), RunRequest(k=2))


def test_more_clusters_than_authors_are_a_sentence() -> None:
    """A k above the number of authors is refused with a remedy."""
    with pytest.raises(
        CannotTrainError, match=r"13 clusters were asked for and the brand has 12 authors; .* smaller k"
    ):
        train(table_of(travellers(12)), RunRequest(k=13))


def test_more_clusters_than_different_authors_are_a_sentence() -> None:
    """A k above the number of different authors is refused with a remedy."""
    people = [author(number, posts=number % 3 + 1) for number in range(30)]
    with pytest.raises(CannotTrainError, match=r"3 different ways, and 4 clusters .* smaller k"):
        train(table_of([row | {"hours": [0] * 24} for row in people]), RunRequest(k=4))


def test_learning_tells_its_stages_in_order() -> None:
    """Scaling, searching, describing."""
    stages: list[Stage] = []
    train(table_of(two_kinds(40)), RunRequest(), budget=QUICK, advance=lambda stage, _: stages.append(stage))
    assert list(dict.fromkeys(stages)) == [Stage.SCALING, Stage.SEARCHING, Stage.DESCRIBING]
