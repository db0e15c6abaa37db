"""The right number of planted groups is found, and none where none was planted."""

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import make_moons
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.clusters.fits.kmeans import Rows, TrainingBudget
from services.clusters.fits.search import ChosenFit, search

QUICK = TrainingBudget(
    search_rows=600, silhouette_rows=300, stability_rows=300, reference_rows=300, bootstraps=3, references=6, starts=3
)
Random = np.random.Generator


def gaussians(
    k: int, dimensions: int, sizes: tuple[float, ...] = (), spread: tuple[float, ...] = ()
) -> Callable[[Random], Rows]:
    """Return what plants k gaussians on the corners of a simplex, or on a line, eight deviations apart."""

    def planted(random: Random) -> Rows:
        centres = np.eye(k, dimensions) * 8 if k <= dimensions else np.arange(k)[:, None] * np.full(dimensions, 8.0)
        shares = np.array(sizes or [1.0] * k)
        labels = random.choice(k, 600, p=shares / shares.sum())
        deviations = np.array(spread or [1.0] * k)[labels, None]
        return standard(centres[labels] + deviations * random.normal(size=(600, dimensions)))

    return planted


def standard(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Rows:
    """Return rows scaled as a basis scales them."""
    deviations = rows.std(axis=0)
    scaled: Rows = ((rows - rows.mean(axis=0)) / np.where(deviations > 0, deviations, 1)).astype(np.float32)
    return scaled


PLANTED = {
    "two in a plane": (gaussians(2, 2), 2),
    "three in 24 dimensions": (gaussians(3, 24), 3),
    "five in eight": (gaussians(5, 8), 5),
    "eight in eight": (gaussians(8, 8), 8),
    "ten in 24": (gaussians(10, 24), 10),
    "four in a row": (gaussians(4, 1), 4),
    "sizes of 1 to 4": (gaussians(4, 8, sizes=(1, 2, 3, 4)), 4),
    "one of 70 %": (gaussians(3, 8, sizes=(70, 20, 10)), 3),
    "three spreads": (gaussians(3, 8, spread=(0.5, 1.0, 1.5)), 3),
    "moons": (lambda random: standard(make_moons(600, noise=0.06, random_state=int(random.integers(99)))[0]), 2),
    "uniform in a line": (lambda random: standard(random.uniform(size=(600, 1))), 1),
    "uniform in a plane": (lambda random: standard(random.uniform(size=(600, 2))), 1),
    "uniform in 24 dimensions": (lambda random: standard(random.uniform(size=(600, 24))), 1),
    "one gaussian": (lambda random: standard(random.normal(size=(600, 6))), 1),
    "one stretched gaussian": (lambda random: standard(random.normal(size=(600, 6)) @ random.normal(size=(6, 6))), 1),
    "all identical": (lambda _: np.ones((600, 4), dtype=np.float32), 1),
    "no columns": (lambda _: np.ones((600, 0), dtype=np.float32), 1),
    "four rows 150 times each": (lambda _: standard(np.repeat(np.eye(4), 150, axis=0)), 4),
}


def searched(rows: Rows, k: int | None = None, seed: int = 0, budget: TrainingBudget = QUICK) -> ChosenFit:
    """Return what is found."""
    return search(rows, k or "auto", seed, budget, lambda _: None)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_groups_are_found_and_none_invented(name: str) -> None:
    """The number that was planted is chosen, 1 where none was; every score is finite or says nothing."""
    plant, k = PLANTED[name]
    found = searched(plant(np.random.default_rng(11)))
    assert found.choice.k == k, found.choice.reason
    assert ("no structure" in found.choice.reason) == (k == 1)
    assert np.count_nonzero(found.fit.sizes) == k
    figures = [value for score in found.scores for value in score.model_dump().values() if value is not None]
    assert np.isfinite(figures).all()


def test_the_same_rows_and_seed_give_the_same_to_the_last_bit() -> None:
    """At one, two and eight threads, all scores included."""
    rows = gaussians(3, 5)(np.random.default_rng(0))
    found = []
    for threads in (1, 2, 8):
        with threadpool_limits(limits=threads):
            found.append(searched(rows, seed=3))
    assert all(one.scores == found[0].scores and (one.fit.labels == found[0].fit.labels).all() for one in found)
    assert all((one.fit.centres == found[0].fit.centres).all() for one in found)


FRESH = """
import numpy as np
from threadpoolctl import threadpool_info
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.fits.search import search

def told(_):
    assert {pool["user_api"] for pool in threadpool_info()} == {"blas", "openmp"}
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}, threadpool_info()

rows = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
search(rows, 3, 0, TrainingBudget(starts=1, bootstraps=2, references=2), told)
"""


def test_one_thread_computes_in_a_fresh_process_too() -> None:
    """Libraries that are loaded by the first search are limited in it."""
    environment = os.environ | {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    subprocess.run([sys.executable, "-c", FRESH], check=True, env=environment)  # noqa: S603 - the program stands above


def test_many_rows_are_searched_on_a_sample_and_all_labelled() -> None:
    """Scores are those of the sample; every row gets its label, and inertia is of all."""
    rows = np.concatenate([gaussians(3, 5)(np.random.default_rng(seed)) for seed in range(10)])
    found = searched(rows)
    assert found.choice.k == 3
    assert found.fit.sizes.sum() == 6_000
    assert found.fit.inertia == pytest.approx(10 * found.scores[1].inertia, rel=0.1)


def test_a_given_k_is_honoured_whatever_the_data() -> None:
    """Five clusters of an even cloud, if asked for, and the reason says that there are no groups."""
    found = searched(PLANTED["uniform in a plane"][0](np.random.default_rng(0)), k=5)
    assert found.choice.k == 5 == np.count_nonzero(found.fit.sizes)
    assert "form no groups" in found.choice.reason
    assert [score.k for score in found.scores] == [5]


def test_a_given_k_beyond_the_kinds_of_the_sample_is_found_among_all() -> None:
    """Where the sample has too few different rows all are searched."""
    rows = np.zeros((5_000, 1), dtype=np.float32)
    rows[:3, 0] = [3, 5, 9]
    assert np.count_nonzero(searched(rows, k=4).fit.sizes) == 4


def test_the_search_tells_how_far_it_is_and_ends_where_it_is_told_to() -> None:
    """Progress rises from above 0 to 1; what it raises comes through."""
    told: list[float] = []
    search(PLANTED["two in a plane"][0](np.random.default_rng(0)), "auto", 0, QUICK, told.append)
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] == 1

    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(PLANTED["two in a plane"][0](np.random.default_rng(0)), "auto", 0, QUICK, stop)


def test_the_clusters_of_few_authors_do_not_hang_on_the_seed() -> None:
    """Of eighty authors in nine groups that run into one another every seed finds the same best clustering."""
    random = np.random.default_rng(2)
    middles = 1.5 * random.normal(size=(9, 12))
    rows = (middles[np.arange(80) % 9] + random.normal(size=(80, 12))).astype(np.float32)
    budget = TrainingBudget(bootstraps=1, references=2)
    found = [search(rows, 9, seed, budget, lambda _: None).fit.inertia for seed in range(8)]
    assert max(found) == pytest.approx(min(found), rel=1e-4)
