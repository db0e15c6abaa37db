"""Which k: groups that come back, that are separate, and that uniform data would not have. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.clusters.fits.score import KScore
from shared.small_groups import LEAST_PEOPLE

MOST_CLUSTERS = 12
LARGEST_SHARE = 0.95
SMALLEST_SHARE = 0.01
BALANCED_SHARE = 0.6
"""Of ks that are otherwise as good those are preferred whose largest group holds less than this."""

STABLE = (0.9, 0.8)
"""Adjusted Rand indices from which groups count as coming back: the first that any k reaches."""

AS_STABLE = 0.03
"""An index farther below the best is less; ten replicates do not tell smaller differences."""

NEAR = 0.2
"""Silhouettes within this part of the best are as good: they differ by k as much without any groups."""

ERRORS, STABLE_ERRORS = 4.0, 3.0
"""A gap of so many standard errors is no chance, also where the largest of a dozen is looked at; the fewer are enough
where the groups come back, which those of uniform data seldom do."""

LEAST_GAP = 0.1
"""By the number of dimensions that rows vary in. Smaller gaps are none that people could see, however sure: groups that
are apart in one of them, and alike in the others, have about 1 by their number."""


@dataclass(frozen=True)
class Choice:
    """The chosen k and why, in a sentence for a person; k = 1 where there is no structure."""

    k: int
    reason: str


def candidates(authors: int, distinct: int) -> range:
    """Return the ks to try: 2 to 12, fewer where not every cluster could hold 5 authors or differ from the others."""
    most = min(MOST_CLUSTERS, authors // LEAST_PEOPLE, distinct)
    return range(2, max(2, most) + 1)


def elbow(scores: Sequence[KScore]) -> int | None:
    """Return the k where the curve of inertia bends most: the point farthest below the chord of its ends.

    That is Kneedle's definition with both axes scaled to [0, 1] (Satopää et al., "Finding a 'Kneedle'
    in a Haystack", ICDCSW 2011). None with fewer than three points, or where no point lies below the chord.
    """
    inertia = np.array([score.inertia for score in scores])
    if len(scores) < 3 or inertia[0] <= inertia[-1]:  # noqa: PLR2004 - a bend needs a point between two ends
        return None
    ks = np.array([score.k for score in scores], dtype=float)
    across = (ks - ks[0]) / (ks[-1] - ks[0])
    down = (inertia - inertia[-1]) / (inertia[0] - inertia[-1])
    below = 1.0 - across - down
    place = int(below.argmax())
    return scores[place].k if below[place] > 0 else None


def choose(scores: Sequence[KScore], authors: int, dimensions: float) -> Choice:
    """Choose among the scores of ks (ascending, at least one), or say that there is no structure.

    There is structure where at any k inertia falls further below that of one cluster than it does in uniform data: by
    four standard errors, or by three and the groups come back. Then each rule leaves some of the ks: the largest group
    holds less than 95 % and the smallest at least 5 authors and 1 %; the groups come back in resamples, with an
    adjusted Rand index of 0.9, else 0.8; the silhouette lies within a fifth of the best; the largest group holds less
    than 60 %; the groups come back about as often as the best. A rule that would leave none is passed over. Of what is
    left the largest gap to uniform data wins, the smallest k within its error.
    """
    if not any(is_structure(score, dimensions) for score in scores):
        return Choice(1, f"no structure: {_unlike(scores)}, so all of them are one cluster")
    balanced = [score for score in scores if _fault(score, authors) is None]
    stable = _stable(balanced or scores)
    best = max(map(_silhouette, stable))
    near = [score for score in stable if _silhouette(score) >= best - NEAR * abs(best)]
    even = [score for score in near if _largest(score) < BALANCED_SHARE] or near
    surest = max(map(_stability, even)) - AS_STABLE
    last = [score for score in even if _stability(score) >= surest]
    farthest = max(last, key=_gap)
    least = _gap(farthest) - (farthest.gap_error or 0.0)
    chosen = next(score for score in last if _gap(score) >= least)
    return Choice(chosen.k, _reason(chosen, near, last, scores) + _passed_over(chosen, balanced, scores, authors))


def given(k: int, scores: Sequence[KScore], dimensions: float) -> Choice:
    """Return the choice that the request made; it says where the authors form no groups at that k."""
    without = [score for score in scores if score.gap is not None and not is_structure(score, dimensions)]
    doubt = f", though at that k {_unlike(scores)}" if without else ""
    return Choice(k, f"k = {k} was asked for{doubt}")


def alike() -> Choice:
    """Return the choice where all authors look the same."""
    return Choice(1, "no structure: all authors are alike in what is compared, so all of them are one cluster")


def is_structure(score: KScore, dimensions: float) -> bool:
    """Tell whether these clusters are more than what KMeans cuts uniform data into."""
    if score.gap is None or score.gap_error is None:
        return False
    errors = STABLE_ERRORS if _stability(score) >= STABLE[0] else ERRORS
    return score.gap > LEAST_GAP / dimensions and score.gap > errors * score.gap_error


def _stable(scores: Sequence[KScore]) -> list[KScore]:
    most = max(map(_stability, scores))
    least = next((level for level in STABLE if most >= level), most - AS_STABLE)
    return [score for score in scores if _stability(score) >= least]


def _reason(chosen: KScore, near: Sequence[KScore], last: Sequence[KScore], scores: Sequence[KScore]) -> str:
    figures = f"silhouette {_silhouette(chosen):.2f}, adjusted Rand index {_stability(chosen):.2f}"
    if len(near) == 1:
        words = (
            f"of k = {_tried(scores)} the groups of k = {chosen.k} are the best that come back in resamples ({figures})"
        )
    else:
        words = (
            f"of k = {_tried(scores)} the groups of k = {_listed(near)} come back in resamples and are about as "
            f"separate, and of these k = {chosen.k} ({figures}) "
            f"{'comes back best' if len(last) == 1 else 'tells them apart from uniform data most clearly'}"
        )
        if _largest(max(near, key=_gap)) >= BALANCED_SHARE > _largest(chosen):
            words += f" without a group of {100 * BALANCED_SHARE:.0f} % or more"
    if _stability(chosen) < STABLE[-1]:
        words = words.replace("come back in resamples", "come back best in resamples")
        words += f"; no k is stable, at {STABLE[-1]} or above"
    bend = elbow(scores)
    if bend is not None:
        words += f"; the curve of inertia bends at {bend}"
    return words


def _passed_over(chosen: KScore, balanced: Sequence[KScore], scores: Sequence[KScore], authors: int) -> str:
    if not balanced:
        return "; none of the ks tried gives balanced groups"
    passed = [
        f"k = {score.k} (silhouette {_silhouette(score):.2f}: {fault})"
        for score in scores
        if _silhouette(score) > _silhouette(chosen) and (fault := _fault(score, authors)) is not None
    ]
    return f"; passed over for balance: {', '.join(passed)}" if passed else ""


def _unlike(scores: Sequence[KScore]) -> str:
    return f"the authors form no groups at k = {_tried(scores)} that evenly spread authors would not form as well"


def _tried(scores: Sequence[KScore]) -> str:
    return f"{scores[0].k} to {scores[-1].k}" if len(scores) > 1 else str(scores[0].k)


def _listed(scores: Sequence[KScore]) -> str:
    *first, last = [str(score.k) for score in scores]
    return f"{', '.join(first)} and {last}"


def _fault(score: KScore, authors: int) -> str | None:
    """Return why a k gives no balanced groups; of a small one, which nothing is told of, not even its size."""
    if _smallest(score) < LEAST_PEOPLE:
        return f"its smallest group would hold fewer than {LEAST_PEOPLE}"
    if _smallest(score) < SMALLEST_SHARE * authors:
        return f"its smallest group would hold less than {100 * SMALLEST_SHARE:.0f} %"
    if _largest(score) >= LARGEST_SHARE:
        return f"its largest group would hold {100 * _largest(score):.0f} % of the authors"
    return None


def _smallest(score: KScore) -> int:
    return score.smallest_size or 0


def _largest(score: KScore) -> float:
    return 1.0 if score.largest_share is None else score.largest_share


def _none_is(worst: float, figure: Callable[[KScore], float | None]) -> Callable[[KScore], float]:
    def known(score: KScore) -> float:
        value = figure(score)
        return worst if value is None else value

    return known


_silhouette = _none_is(-1.0, lambda score: score.silhouette)
_stability = _none_is(-1.0, lambda score: score.stability)
_gap = _none_is(-np.inf, lambda score: score.gap)
