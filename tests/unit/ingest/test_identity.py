"""Pseudonyms and coarsening."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.coarsening import age_in_months, coarse_count, full_hour
from services.ingest.identity import Pseudonymizer

SECRET = b"a secret of the tests, 32 bytes or more"
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zoned by the strategy


def test_keys_are_the_contracts_hmacs() -> None:
    """Author and post keys are the first 32 hex digits of the HMACs that the contract spells out."""
    pseudonymizer = Pseudonymizer(SECRET)
    author = hmac.new(SECRET, b"x:42", hashlib.sha256).hexdigest()[:32]
    post = hmac.new(SECRET, b"post:x:42", hashlib.sha256).hexdigest()[:32]
    assert pseudonymizer.author_key("x", "42") == author
    assert pseudonymizer.post_key("x", "42") == post


@given(st.text(min_size=1), st.text(min_size=1))
def test_another_secret_gives_other_keys(platform_id: str, secret: str) -> None:
    """Without the secret a key cannot be recomputed."""
    ours, theirs = Pseudonymizer(SECRET), Pseudonymizer(secret.encode())
    assert ours.author_key("x", platform_id) != theirs.author_key("x", platform_id)


@given(st.integers(0, 10**12))
def test_counts_keep_two_significant_digits(count: int) -> None:
    """A count moves by at most five percent and at most two of its digits are not zero."""
    coarse = coarse_count(count)
    assert coarse is not None
    assert abs(coarse - count) <= 0.05 * count
    assert len(str(coarse).rstrip("0")) <= 2


def test_an_unknown_count_stays_unknown() -> None:
    """None is not zero."""
    assert coarse_count(None) is None


@given(MOMENTS, st.integers(-14, 14))
def test_hours_are_cut_in_utc(moment: datetime, offset: int) -> None:
    """The hour is the same whatever zone the time was written in, and lies less than an hour before it."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=offset)))
    assert full_hour(elsewhere) == full_hour(moment)
    assert timedelta(0) <= moment - full_hour(moment) < timedelta(hours=1)


def test_age_counts_whole_months_as_of_the_post() -> None:
    """A month counts once its day is reached; an account younger than its post is 0 months old."""
    assert age_in_months(datetime(2010, 3, 15, tzinfo=UTC), datetime(2015, 2, 14, tzinfo=UTC)) == 58
    assert age_in_months(datetime(2010, 3, 15, tzinfo=UTC), datetime(2015, 2, 15, tzinfo=UTC)) == 59
    assert age_in_months(datetime(2016, 1, 1, tzinfo=UTC), datetime(2015, 2, 15, tzinfo=UTC)) == 0
    assert age_in_months(None, datetime(2015, 2, 15, tzinfo=UTC)) is None
