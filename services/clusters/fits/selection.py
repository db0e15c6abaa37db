"""Which k: a silhouette that is among the best, groups that are neither giant nor tiny, and the elbow. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.clusters.fits.score import KScore
from shared.small_groups import LEAST_PEOPLE

MOST_CLUSTERS = 12
LARGEST_SHARE = 0.9
NEAR = 0.02
"""Silhouettes closer than this are a tie: on samples of a few thousand they differ as much by chance."""


@dataclass(frozen=True)
class Choice:
    """The chosen k and why, in a sentence for a person."""

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


def choose(scores: Sequence[KScore]) -> Choice:
    """Choose among scored ks (ascending, at least one).

    Of the ks whose largest group holds less than 90 % and whose smallest holds at least 5 authors, the
    best silhouette wins; among silhouettes within 0.02 of it the one nearest to the elbow, then the
    smaller. Where no k is so balanced, the one with the smallest largest group is taken.
    """
    balanced = [score for score in scores if _fault(score) is None]
    if not balanced:
        least = min(scores, key=lambda score: (_largest(score), score.k))
        told = f" ({_percent(_largest(least))} of the authors)" if _smallest(least) >= LEAST_PEOPLE else ""
        reason = (
            f"none of the ks tried gives balanced groups, so k = {least.k} was taken, whose largest group "
            f"is the smallest{told}"
        )
        return Choice(least.k, reason)
    best = max(balanced, key=lambda score: (_silhouette(score), -score.k))
    near = [score for score in balanced if _silhouette(score) > _silhouette(best) - NEAR]
    bend = elbow(scores)
    chosen = min(near, key=lambda score: (abs(score.k - bend), score.k)) if bend is not None else best
    return Choice(chosen.k, _reason(chosen, best, near, bend, scores))


def given(k: int) -> Choice:
    """Return the choice that the request made."""
    return Choice(k, f"k = {k} was asked for")


def _reason(chosen: KScore, best: KScore, near: Sequence[KScore], bend: int | None, scores: Sequence[KScore]) -> str:
    tried = f"{scores[0].k} to {scores[-1].k}"
    if len(near) == 1 or bend is None:
        words = (
            f"k = {chosen.k} has the best silhouette ({_silhouette(chosen):.2f}) of the ks tried ({tried}) "
            f"whose groups are balanced"
        )
    else:
        ks = ", ".join(str(score.k) for score in near)
        words = (
            f"the silhouettes of k = {ks} lie within {NEAR} of the best balanced one "
            f"({_silhouette(best):.2f} at k = {best.k}, of {tried}), and of these k = {chosen.k} is nearest to "
            f"the bend of the inertia curve at {bend}"
        )
    passed = [
        f"k = {score.k} (silhouette {_silhouette(score):.2f}: {fault})"
        for score in scores
        if _silhouette(score) > _silhouette(chosen) and (fault := _fault(score)) is not None
    ]
    return f"{words}; passed over for balance: {', '.join(passed)}" if passed else words


def _fault(score: KScore) -> str | None:
    """Return why a k gives no balanced groups; of a small one, which nothing is told of, not even its size."""
    if _smallest(score) < LEAST_PEOPLE:
        return f"its smallest group would hold fewer than {LEAST_PEOPLE}"
    if _largest(score) >= LARGEST_SHARE:
        return f"its largest group would hold {_percent(_largest(score))} of the authors"
    return None


def _smallest(score: KScore) -> int:
    return score.smallest_size or 0


def _largest(score: KScore) -> float:
    return 1.0 if score.largest_share is None else score.largest_share


def _silhouette(score: KScore) -> float:
    return -1.0 if score.silhouette is None else score.silhouette


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
