"""The search for k: every k is fitted and scored on a sample, and the chosen fit carried over to all authors. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.clusters.fits.kmeans import (
    ITERATIONS,
    Fit,
    Labels,
    Rows,
    TrainingBudget,
    distinct_rows,
    fit,
    joined,
    load_libraries,
    refine,
    sample,
    undivided,
)
from services.clusters.fits.reference import dimensions, gaps
from services.clusters.fits.score import KScore
from services.clusters.fits.selection import Choice, alike, candidates, choose, given
from services.clusters.fits.stability import Resamples
from services.clusters.fits.validity import calinski_harabasz, davies_bouldin, silhouettes
from shared.one_thread import one_thread
from shared.small_groups import LEAST_PEOPLE

Advance = Callable[[float], None]
"""Told how much of the search is done, 0 to 1; what it raises ends the search."""

FEW_ROWS, MOST_TIMES = 2_000, 10
"""Of fewer rows KMeans starts more often, up to ten times: starts cost little there, and single rows decide more."""


@dataclass(frozen=True)
class ChosenFit:
    """The chosen k and why, the scores of every k that was tried, ascending, and the clustering of all rows."""

    choice: Choice
    scores: list[KScore]
    fit: Fit


def search(rows: Rows, k: int | Literal["auto"], seed: int, budget: TrainingBudget, advance: Advance) -> ChosenFit:
    """Return the clustering of `rows` (authors, dimensions; finite) at `k`, or at the k that `choose` chooses.

    With `auto`, rows without structure become one cluster. A `k` must not exceed the number of distinct rows. One
    thread computes, so that the same rows in the same order give the same clusters, to the last bit.
    """
    load_libraries()
    with one_thread():
        searched, ks = _searched(rows, k, seed, budget)
        if not ks:
            return ChosenFit(alike(), [], undivided(rows))
        width = dimensions(searched)
        fits, scores = _scored(searched, ks, seed, budget, advance)
        choice = choose(scores, len(searched), width) if k == "auto" else given(k, scores, width)
        shown = [
            _without_small(score, joined(searched, each, LEAST_PEOPLE))
            for score, each in zip(scores, fits, strict=True)
        ]
        if choice.k == 1:
            return ChosenFit(choice, shown, undivided(rows))
        centres = fits[ks.index(choice.k)].centres
        settled = refine(searched, centres, ITERATIONS, tolerance=0.0)
        return ChosenFit(choice, shown, settled if len(searched) == len(rows) else refine(rows, settled.centres))


def _searched(rows: Rows, k: int | Literal["auto"], seed: int, budget: TrainingBudget) -> tuple[Rows, Sequence[int]]:
    """Return the rows that k is searched on, and the ks to try: none where all rows are the same."""
    searched = rows[sample(len(rows), budget.search_rows, seed)]
    distinct = distinct_rows(searched)
    if distinct < (2 if k == "auto" else k):
        searched = rows
        distinct = distinct_rows(rows)
    if k != "auto":
        return searched, [k]
    return searched, candidates(len(searched), distinct) if distinct > 1 else []


def _scored(
    rows: Rows, ks: Sequence[int], seed: int, budget: TrainingBudget, advance: Advance
) -> tuple[list[Fit], list[KScore]]:
    steps = 3 * len(ks)
    starts = budget.starts * min(MOST_TIMES, max(1, FEW_ROWS // len(rows)))
    judged = sample(len(rows), budget.silhouette_rows, seed)
    drawn = sample(len(rows), budget.stability_rows, seed)
    resamples = Resamples.of(rows[drawn], budget.bootstraps, seed)
    fits: list[Fit] = []
    stable: list[float] = []
    for k in ks:
        fits.append(fit(rows, k, seed, starts))
        advance((len(fits) + len(stable)) / steps)
        stable.append(resamples.rand_index(fits[-1].labels[drawn], k, seed))
        advance((len(fits) + len(stable)) / steps)
    gap = {}
    for done, (k, value) in enumerate(
        gaps(rows[sample(len(rows), budget.reference_rows, seed)], ks, seed, budget.references)
    ):
        gap[k] = value
        advance((2 * len(ks) + done) / steps)
    separate = silhouettes(rows[judged], [each.labels[judged] for each in fits])
    advance(1.0)
    return fits, [
        KScore(
            k=k,
            inertia=each.inertia,
            silhouette=silhouette,
            calinski_harabasz=calinski_harabasz(rows, each.labels),
            davies_bouldin=davies_bouldin(rows, each.labels),
            stability=ari,
            gap=gap[k].value if k in gap else None,
            gap_error=gap[k].error if k in gap else None,
            **_sizes(each.sizes),
        )
        for k, each, silhouette, ari in zip(ks, fits, separate, stable, strict=True)
    ]


def _sizes(sizes: Labels) -> dict[str, float]:
    return {"largest_share": float(sizes.max() / sizes.sum()), "smallest_size": int(sizes.min())}


def _without_small(score: KScore, fitted: Fit) -> KScore:
    """Return a score as it is shown, with the sizes of the clusters that would be shown."""
    return score.model_copy(update=_sizes(fitted.sizes))
