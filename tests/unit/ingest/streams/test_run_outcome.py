"""What an error means for a stream, and when it is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.base import BudgetSpentError, CredentialError, SourceRefusedError
from services.ingest.streams.run_outcome import SELDOM_AT_MOST, SOON_AT_MOST, outcome_of_end, outcome_of_error
from services.ingest.streams.stream import StreamKind, StreamState
from shared.errors import NotFoundError, PeerUnavailableError


@pytest.mark.parametrize("error", [CredentialError("a"), SourceRefusedError("a"), NotFoundError("a")])
def test_what_a_person_must_mend_fails(error: Exception) -> None:
    """It says its sentence, and is tried again seldom."""
    ending = outcome_of_error(error, 0)
    assert (ending.state, ending.sentence) == (StreamState.FAILED, "a")
    assert ending.after == timedelta(minutes=5)


def test_what_passes_waits() -> None:
    """A store or a budget that is away for a while is no failure of the stream."""
    assert outcome_of_error(PeerUnavailableError("mongodb", "away"), 0).state is StreamState.WAITING
    assert outcome_of_error(BudgetSpentError("spent"), 9).after == timedelta(minutes=10)


def test_an_error_within_a_group_is_the_error() -> None:
    """A source of several tasks raises groups; the sentence inside is what people need."""
    ending = outcome_of_error(ExceptionGroup("tasks", [CredentialError("X_BEARER_TOKEN is wrong")]), 0)
    assert (ending.state, ending.sentence) == (StreamState.FAILED, "X_BEARER_TOKEN is wrong")


def test_an_unforeseen_error_tells_its_type_alone() -> None:
    """Its words may quote what was sent."""
    assert (
        outcome_of_error(ValueError("secret"), 0).sentence == "the source stopped by an unexpected error (ValueError)"
    )


@given(st.integers(min_value=0, max_value=10**9), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_waits_grow_and_are_bounded(failures: int, jitter: float) -> None:
    """However often it failed, it is tried again within hours, and never at once."""
    for error in (ValueError("x"), SourceRefusedError("x")):
        after = outcome_of_error(error, failures, lambda: jitter).after
        before = outcome_of_error(error, max(0, failures - 1), lambda: jitter).after
        assert after is not None
        assert before is not None
        assert timedelta(seconds=5) <= before <= after <= max(SELDOM_AT_MOST, SOON_AT_MOST * 1.5)


def test_only_a_backfill_ends_by_itself() -> None:
    """A live source that stops is begun again."""
    assert outcome_of_end(StreamKind.BACKFILL, 0).state is StreamState.FINISHED
    assert outcome_of_end(StreamKind.STREAM, 0).state is StreamState.WAITING
