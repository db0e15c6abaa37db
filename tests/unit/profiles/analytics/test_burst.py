"""The burst score, against SciPy and against what a score must be."""

import math

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from services.profiles.analytics.burst import SURE, burst

SIZES = st.integers(0, 5000)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Draw posts with a term and posts in all, of a window and of a baseline, either of which may be empty."""
    of, baseline_of = draw(SIZES), draw(SIZES)
    return draw(st.integers(0, of)), of, draw(st.integers(0, baseline_of)), baseline_of


@given(tables())
def test_the_score_is_that_of_the_textbook(table: tuple[int, int, int, int]) -> None:
    """Its size is the log-likelihood ratio that SciPy finds, wherever SciPy has one."""
    posts, of, baseline_posts, baseline_of = table
    found = burst(*table)
    assert math.isfinite(found)
    if of and baseline_of and 0 < posts + baseline_posts < of + baseline_of:
        cells = [[posts, of - posts], [baseline_posts, baseline_of - baseline_posts]]
        expected = chi2_contingency(cells, correction=False, lambda_="log-likelihood").statistic
        assert math.isclose(abs(found), expected, rel_tol=1e-6, abs_tol=1e-6)


@given(tables())
def test_the_sign_tells_which_share_is_larger(table: tuple[int, int, int, int]) -> None:
    """Above zero only where the window's share is larger; exchanging the two turns the sign."""
    posts, of, baseline_posts, baseline_of = table
    found = burst(*table)
    assert not (found > 0 and posts * baseline_of <= baseline_posts * of)
    assert burst(baseline_posts, baseline_of, posts, of) == -found


@given(tables(), st.integers(2, 9))
def test_more_of_other_posts_keeps_the_sign(table: tuple[int, int, int, int], times: int) -> None:
    """Where the posts without the term are multiplied in both, what was more frequent stays so."""
    posts, of, baseline_posts, baseline_of = table
    more = burst(
        posts, posts + times * (of - posts), baseline_posts, baseline_posts + times * (baseline_of - baseline_posts)
    )
    assert more * burst(*table) >= 0


@given(tables())
def test_a_busier_day_alone_scores_nothing(table: tuple[int, int, int, int]) -> None:
    """The same share of ten times as many posts is no burst."""
    posts, of, _, _ = table
    assert burst(10 * posts, 10 * of, posts, of) == 0


def test_a_handful_of_posts_is_not_sure() -> None:
    """Five posts of a thousand against none of as many may be chance, twenty are not."""
    assert 0 < burst(5, 1000, 0, 1000) < SURE < burst(20, 1000, 0, 1000)


def test_nothing_to_compare_with_scores_nothing() -> None:
    """An empty window and an empty baseline score zero."""
    assert burst(5, 10, 0, 0) == burst(0, 0, 5, 10) == burst(0, 0, 0, 0) == 0
