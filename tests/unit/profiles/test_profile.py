"""What is derived from a profile's counts."""

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.folding import Increment, combine_all, increment_of
from services.profiles.profile import Profile
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post


def of(*posts: AnalyzedPost) -> Profile:
    """Return the profile that these posts make."""
    return Profile("acme", key(1), combine_all(map(increment_of, posts)))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_mean_and_spread_are_those_of_the_scores(scores: list[float]) -> None:
    """Mean and population standard deviation agree with the scores to the rounding of a millionth."""
    profile = of(*(post(number, analyzed=analysis(score)) for number, score in enumerate(scores)))
    assert profile.mean_score == pytest.approx(statistics.fmean(scores), abs=1e-6)
    assert profile.score_stddev == pytest.approx(statistics.pstdev(scores), abs=1e-6)


def test_equal_scores_have_no_spread() -> None:
    """The deviation of equal scores is exactly zero, never the root of a rounding error."""
    assert of(*(post(number, analyzed=analysis(0.1)) for number in range(7))).score_stddev == 0.0


def test_without_scores_there_is_no_mean() -> None:
    """A profile without scored posts has no mean, no deviation and no subjectivity."""
    profile = of(post(1, analyzed=analysis(None)))
    assert (profile.mean_score, profile.score_stddev, profile.mean_subjectivity) == (None, None, None)


def test_subjectivity_is_averaged_over_posts_that_have_it() -> None:
    """Posts without subjectivity stay out of its mean."""
    profile = of(post(1, analyzed=analysis(subjectivity=0.5)), post(2, analyzed=analysis()))
    assert profile.mean_subjectivity == 0.5


def test_the_main_language_is_the_most_used() -> None:
    """Most posts decide, and of equal languages the first by alphabet."""
    german = [post(number, analyzed=analysis(language="de")) for number in range(2)]
    english = [post(number, analyzed=analysis(language="en")) for number in range(2)]
    assert of(*english, *german).main_language == "de"
    assert of(*english, german[0]).main_language == "en"


def test_an_age_in_months_is_shown_in_days() -> None:
    """Months become days by the mean length of a month; an unknown age stays unknown."""
    assert of(post(1, account=Account(age_months=12))).age_days == 365
    assert of(post(1)).age_days is None


def test_a_profile_of_a_backup_that_was_tampered_with_is_still_shown() -> None:
    """Sums that do not fit together give no error: a deviation of nought, an unknown language."""
    odd = Profile("acme", "a", Increment(posts=2, scored_posts=2, score_sum=10**6, score_squares=0))
    assert odd.score_stddev == 0
    assert odd.main_language == "und"
