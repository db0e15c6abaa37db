"""Which k is chosen and what is said of it."""

from services.clusters.fits.score import KScore
from services.clusters.fits.selection import candidates, choose, elbow, given


def score(k: int, silhouette: float | None, inertia: float = 0.0, largest: float = 0.5, smallest: int = 50) -> KScore:
    """Return one k's score."""
    return KScore(k=k, inertia=inertia, silhouette=silhouette, largest_share=largest, smallest_size=smallest)


def test_the_best_silhouette_wins() -> None:
    """Without near-ties the k of the best silhouette is taken, and the reason says its figure."""
    choice = choose([score(2, 0.3), score(3, 0.5), score(4, 0.2)])
    assert choice.k == 3
    assert "best silhouette (0.50)" in choice.reason


def test_a_giant_group_is_passed_over_and_named() -> None:
    """A k whose largest group holds 90 % or more loses to a balanced one, and the reason says so."""
    choice = choose([score(2, 0.9, largest=0.95), score(3, 0.4), score(4, 0.2)])
    assert choice.k == 3
    assert "k = 2 (silhouette 0.90: its largest group would hold 95 % of the authors)" in choice.reason


def test_a_tiny_group_is_passed_over_and_named() -> None:
    """A k with a group of fewer than five authors loses, and the reason says so."""
    choice = choose([score(2, 0.3), score(3, 0.8, smallest=4)])
    assert choice.k == 2
    assert "its smallest group would hold fewer than 5" in choice.reason


def test_the_elbow_decides_among_near_ties() -> None:
    """Among silhouettes within 0.02 the k nearest to the bend of the inertia curve is taken."""
    inertia = [100.0, 60.0, 30.0, 28.0, 26.0]
    scores = [score(k, 0.40 + k / 1000, fall) for k, fall in zip(range(2, 7), inertia, strict=True)]
    choice = choose(scores)
    assert elbow(scores) == 4
    assert choice.k == 4
    assert "nearest to the bend" in choice.reason


def test_where_no_k_is_balanced_the_least_giant_is_taken() -> None:
    """With giants everywhere the k with the smallest giant is taken, and the reason admits it."""
    choice = choose([score(2, 0.9, largest=0.97), score(3, 0.1, largest=0.93)])
    assert choice.k == 3
    assert "none of the ks tried gives balanced groups" in choice.reason


def test_an_unmeasured_silhouette_never_wins() -> None:
    """A k whose sample fell into one cluster counts as the worst."""
    assert choose([score(2, None), score(3, -0.2)]).k == 3


def test_an_elbow_needs_a_bend() -> None:
    """A straight line, a rising one and two points have no elbow."""
    assert elbow([score(k, 0.1, 10.0 - k) for k in (2, 3)]) is None
    assert elbow([score(k, 0.1, float(k)) for k in (2, 3, 4)]) is None
    assert elbow([score(k, 0.1, fall) for k, fall in ((2, 10.0), (3, 9.0), (4, 0.0))]) is None


def test_candidates_leave_five_authors_for_each_cluster() -> None:
    """From 2 up to 12, fewer for few authors or few different ones, and always 2."""
    assert candidates(10_000, 10_000) == range(2, 13)
    assert candidates(20, 20) == range(2, 5)
    assert candidates(10_000, 3) == range(2, 4)
    assert candidates(6, 6) == range(2, 3)


def test_a_given_k_is_honoured() -> None:
    """The k of the request stands, with a reason that says so."""
    assert given(7).k == 7
    assert "asked for" in given(7).reason
