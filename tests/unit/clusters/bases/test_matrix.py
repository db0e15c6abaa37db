"""The matrix that KMeans reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clusters.bases.basis import Basis, CannotTrainError
from services.clusters.bases.figure_scale import FARTHEST
from services.clusters.bases.fitted import fit_basis
from services.clusters.bases.matrix import FeatureMatrix
from services.clusters.fits.kmeans import distinct_rows
from tests.unit.clusters.authors import ACCOUNT, INTEGERS, START, author, key, table_of, travellers

counts = st.integers(min_value=-(2**63), max_value=2**63 - 1)
reals = st.none() | st.floats(allow_nan=True, allow_infinity=True)
times = st.datetimes(datetime(1601, 1, 1), datetime(2999, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
rows = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(INTEGERS, counts),
            **dict.fromkeys(ACCOUNT, st.none() | counts),
            **dict.fromkeys(("mean_score", "score_stddev", "mean_subjectivity"), reals),
            **dict.fromkeys(("verified", "protected"), st.none() | st.booleans()),
            **dict.fromkeys(("first_seen", "last_seen"), times),
            "hours": st.lists(st.integers(0, 2**40), min_size=24, max_size=24),
        }
    ),
    min_size=1,
    max_size=12,
)


def behaviour_of(table: pa.Table) -> FeatureMatrix:
    """Return the matrix of the basis behaviour."""
    return fit_basis(table, Basis.BEHAVIOUR)[1]


def column(name: str, authors: list[dict[str, Any]]) -> list[float]:
    """Return a feature of the authors in its own unit."""
    matrix = behaviour_of(table_of(authors))
    return [float(value) for value in matrix.known[:, [feature.name for feature in matrix.features].index(name)]]


@settings(max_examples=60, deadline=None)
@given(rows)
def test_scaled_values_are_always_finite(figures: list[dict[str, Any]]) -> None:
    """Whatever profiles sends, unknown, absurd or infinite, the scaled matrix is finite and within its bounds."""
    matrix = behaviour_of(table_of([author(number, **row) for number, row in enumerate(figures)]))
    assert matrix.scaled.shape == (len(figures), len(matrix.features))
    assert np.isfinite(matrix.scaled).all()
    assert (np.abs(matrix.scaled) <= FARTHEST).all()


def test_every_feature_is_either_used_or_named_with_a_reason() -> None:
    """A constant feature and one that nobody is known for are dropped, each with its own reason."""
    matrix = behaviour_of(table_of(travellers(60)))
    dropped = {one.feature: one.reason for one in matrix.dropped}
    assert dropped["followers"] == "not known for any author"
    assert dropped["likes_per_post"] == "the same for every author it is known for"
    assert not dropped.keys() & {feature.name for feature in matrix.features}
    assert {"posts", "negative_share", "mean_score"} <= {feature.name for feature in matrix.features}


def test_counts_are_per_post_and_shares_of_scored_posts() -> None:
    """Likes are divided by posts, labels by the scored posts; without scored posts a share is unknown."""
    people = [
        author(0, posts=4, scored_posts=2, negative=1, likes=8),
        author(1, posts=2, scored_posts=0, negative=0, likes=0, mean_score=None),
        author(2, posts=1, scored_posts=1, negative=0, likes=9),
    ]
    assert column("likes_per_post", people) == [2.0, 0.0, 9.0]
    assert column("negative_share", people)[::2] == [0.5, 0.0]
    assert np.isnan(column("negative_share", people)[1])


def test_an_unknown_value_lies_at_the_median_of_the_known() -> None:
    """An author of unknown followers is placed where the middle author is, not at the mean of a heavy tail."""
    people = [author(number, followers=followers) for number, followers in enumerate((1, 10, 10**6, None))]
    matrix = behaviour_of(table_of(people))
    scaled = matrix.scaled[:, [feature.name for feature in matrix.features].index("followers")]
    assert scaled[3] == scaled[1]


def test_heavy_tails_are_tamed_before_scaling() -> None:
    """One author with a million posts does not squeeze all others into one point."""
    people = [author(number, posts=number + 1) for number in range(30)]
    matrix = behaviour_of(table_of([*people, author(99, posts=10**6)]))
    scaled = matrix.scaled[:30, [feature.name for feature in matrix.features].index("posts")]
    assert scaled.std() > 0.3


def test_what_is_not_a_number_is_unknown() -> None:
    """Infinities and NaN count as unknown, not as the largest there is."""
    people = [author(number, mean_score=score) for number, score in enumerate((0.2, 0.4, float("inf"), float("nan")))]
    assert np.isnan(column("mean_score", people)).tolist() == [False, False, True, True]


def test_hours_of_too_few_posts_are_unknown() -> None:
    """The hours of a single post say nothing of a habit, those of three do."""
    night = [3 if hour == 2 else 0 for hour in range(24)]
    noon = [3 if hour == 12 else 0 for hour in range(24)]
    people = [author(0), author(1, posts=3, hours=night), author(2, posts=3, hours=noon)]
    assert np.isnan(column("night_share", people)[0])
    assert column("night_share", people)[1:] == [1.0, 0.0]
    assert column("working_share", people)[1:] == [0.0, 1.0]


def test_the_span_between_first_and_last_post_is_in_days() -> None:
    """Active days are the time from the first to the last post."""
    people = [author(0), author(1, last_seen=START + timedelta(hours=36))]
    assert column("active_days", people) == [0.0, 1.5]


def test_rows_are_ordered_by_key_whatever_the_pages() -> None:
    """The order of the rows and how they were cut into pages change nothing."""
    people = travellers(50)
    whole = behaviour_of(table_of(people))
    pages = [table_of(people[first : first + 7]) for first in range(0, 50, 7)]
    cut = behaviour_of(pa.concat_tables(pages[::-1]))
    assert whole.author_keys == cut.author_keys == [key(number) for number in range(50)]
    assert (whole.scaled == cut.scaled).all()


def test_a_missing_column_is_named() -> None:
    """A table without a column that is needed is refused by a sentence that names it."""
    with pytest.raises(CannotTrainError, match="lack the columns hours"):
        behaviour_of(table_of(travellers(3)).drop_columns(["hours"]))


def test_distinct_rows_count_authors_that_differ() -> None:
    """Authors who look the same count once; with no feature left all look the same."""
    assert distinct_rows(np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]])) == 2
    assert distinct_rows(behaviour_of(table_of([author(0), author(24)])).scaled) == 1
