"""Tests of differences, beside scipy's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from services.clusters.movements.significance import discoveries, means, paired_counts, proportions


@given(st.integers(0, 300), st.integers(0, 300))
def test_paired_counts_are_the_exact_binomial_test(came: int, went: int) -> None:
    """McNemar's exact p is that of a fair coin."""
    exact = stats.binomtest(came, came + went, 0.5).pvalue if came + went else 1.0
    assert float(paired_counts(came, went)) == pytest.approx(exact)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=30), st.lists(st.floats(0, 1), min_size=5, max_size=30))
def test_means_never_give_nan_and_agree_with_scipy(now: list[float], before: list[float]) -> None:
    """Values that are all the same have no variance: then means that differ differ surely."""
    one, other = np.array(now), np.array(before)
    p = float(means((one.mean(), one.var(ddof=1), len(one)), (other.mean(), other.var(ddof=1), len(other))))
    assert 0 <= p <= 1
    if one.var() > 1e-6 and other.var() > 1e-6:
        assert p == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue, rel=1e-6, abs=1e-12)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_proportions_are_the_pooled_z_test(part: int, rest: int, part_before: int, rest_before: int) -> None:
    """Its square is the chi-square of the two by two table without correction; an empty whole tells nothing."""
    p = float(proportions(part, part + rest, part_before, part_before + rest_before))
    table = np.array([[part, rest], [part_before, rest_before]])
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        assert p == 1
    else:
        assert p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_discoveries_are_those_of_benjamini_and_hochberg(p: list[float]) -> None:
    """The same tests as by scipy's adjusted p."""
    found = discoveries(np.array(p))
    expected = stats.false_discovery_control(p) <= 0.05 if p else np.zeros(0, bool)
    near = np.isclose(stats.false_discovery_control(p), 0.05) if p else expected
    assert ((found == expected) | near).all()
