"""Which k is chosen and what is said of it."""

from services.clusters.fits.score import KScore
from services.clusters.fits.selection import Choice, alike, candidates, choose, elbow, given


def score(
    k: int,
    silhouette: float | None,
    inertia: float = 0.0,
    largest: float = 0.5,
    smallest: int = 50,
    stability: float = 0.95,
    gap: float = 0.5,
) -> KScore:
    """Return one k's score."""
    return KScore(
        k=k,
        inertia=inertia,
        silhouette=silhouette,
        stability=stability,
        gap=gap,
        gap_error=0.01,
        largest_share=largest,
        smallest_size=smallest,
    )


def chosen(*scores: KScore) -> Choice:
    """Return the choice among 200 authors."""
    return choose(scores, 200, 4)


def test_the_only_separate_groups_win() -> None:
    """Without others about as separate the k of the best silhouette is taken, and the reason says its figures."""
    choice = chosen(score(2, 0.3), score(3, 0.5), score(4, 0.2))
    assert choice.k == 3
    assert "silhouette 0.50, adjusted Rand index 0.95" in choice.reason


def test_of_groups_about_as_separate_the_largest_gap_decides() -> None:
    """Silhouettes within a fifth are as good; the smallest k within the error of the largest gap is taken."""
    choice = chosen(score(2, 0.5, gap=0.2), score(3, 0.45, gap=0.795), score(4, 0.48, gap=0.8), score(5, 0.3, gap=0.9))
    assert choice.k == 3
    assert "k = 2, 3 and 4 come back in resamples" in choice.reason


def test_groups_that_do_not_come_back_are_passed_over() -> None:
    """A k whose groups other authors would not give loses to a stable one, however separate it is."""
    assert chosen(score(2, 0.3), score(3, 0.6, stability=0.7)).k == 2
    less = chosen(score(2, 0.3, stability=1.0), score(3, 0.3, stability=0.94, gap=0.8))
    assert less.k == 2
    assert "comes back best" in less.reason
    assert chosen(score(2, 0.3, stability=0.98), score(3, 0.3, stability=0.96, gap=0.8)).k == 3


def test_where_no_groups_come_back_the_best_do_and_the_reason_says_it() -> None:
    """The most stable k is taken with a warning."""
    choice = chosen(score(2, 0.3, stability=0.6), score(3, 0.6, stability=0.4))
    assert choice.k == 2
    assert "no k is stable" in choice.reason


def test_groups_under_sixty_percent_are_preferred_among_as_good_ones() -> None:
    """A group of 70 % is taken only where no other k is about as separate."""
    large = score(2, 0.5, largest=0.7, gap=0.9)
    choice = chosen(large, score(3, 0.45))
    assert choice.k == 3
    assert "without a group of 60 % or more" in choice.reason
    assert chosen(large, score(3, 0.2)).k == 2


def test_authors_without_structure_are_one_cluster() -> None:
    """Where inertia falls no more than in uniform data, by chance or by too little, nothing is divided."""
    assert chosen(score(2, 0.6, gap=0.035, stability=0.7), score(3, 0.5, gap=-0.1)).k == 1
    assert chosen(score(2, 0.6, gap=0.024).model_copy(update={"gap_error": 0.0})).k == 1
    reason = chosen(score(2, 0.6, gap=0), score(3, 0, gap=0)).reason
    assert "no structure: the authors form no groups at k = 2 to 3" in reason
    assert alike().k == 1


def test_a_small_gap_is_structure_where_the_groups_come_back_or_dimensions_are_many() -> None:
    """Three standard errors are enough for groups that come back; in 40 dimensions less of a fall is asked."""
    assert chosen(score(2, 0.6, gap=0.035, stability=0.7)).k == 1
    assert chosen(score(2, 0.6, gap=0.035)).k == 2
    sure = score(2, 0.6, gap=0.01).model_copy(update={"gap_error": 0.001})
    assert choose([sure], 200, 4).k == 1
    assert choose([sure], 200, 40).k == 2


def test_a_giant_group_is_passed_over_and_named() -> None:
    """A k whose largest group holds 95 % or more loses to a balanced one, and the reason says so."""
    choice = chosen(score(2, 0.9, largest=0.95), score(3, 0.4), score(4, 0.2))
    assert choice.k == 3
    assert "k = 2 (silhouette 0.90: its largest group would hold 95 % of the authors)" in choice.reason


def test_a_tiny_group_is_passed_over_and_named() -> None:
    """A k with a group of fewer than five authors or of less than 1 % loses, and the reason says so."""
    choice = chosen(score(2, 0.3), score(3, 0.8, smallest=4))
    assert choice.k == 2
    assert "its smallest group would hold fewer than 5" in choice.reason
    assert "less than 1 %" in choose([score(2, 0.3), score(3, 0.8, smallest=49)], 5_000, 4).reason


def test_where_no_k_is_balanced_the_reason_admits_it() -> None:
    """With giants everywhere the other rules decide."""
    choice = chosen(score(2, 0.9, largest=0.97), score(3, 0.1, largest=0.96))
    assert choice.k == 2
    assert "none of the ks tried gives balanced groups" in choice.reason


def test_an_unmeasured_silhouette_never_wins() -> None:
    """A k whose sample fell into one cluster counts as the worst."""
    assert chosen(score(2, None), score(3, -0.2)).k == 3


def test_the_bend_of_the_inertia_is_told() -> None:
    """The elbow stands in the reason, whatever k is taken."""
    inertia = [100.0, 60.0, 30.0, 28.0, 26.0]
    scores = [score(k, 0.5 - k / 10, fall) for k, fall in zip(range(2, 7), inertia, strict=True)]
    assert elbow(scores) == 4
    assert "the curve of inertia bends at 4" in chosen(*scores).reason


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


def test_a_given_k_is_honoured_with_doubt_where_there_are_no_groups() -> None:
    """The k of the request stands, with a reason that says so, and that evenly spread authors would do as well."""
    assert given(7, [score(7, 0.4)], 4) == Choice(7, "k = 7 was asked for")
    doubtful = given(7, [score(7, 0.4, gap=-0.1)], 4)
    assert doubtful.k == 7
    assert "though at that k the authors form no groups" in doubtful.reason
