"""What an error means for a stream, and when it is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.base import BudgetSpentError, CredentialError, RefusedError
from services.ingest.streams.ending import SELDOM_AT_MOST, SOON_AT_MOST, ended_by, ended_by_itself
from services.ingest.streams.stream import Kind, State
from shared.errors import NotFoundError, PeerUnavailableError


@pytest.mark.parametrize("error", [CredentialError("a"), RefusedError("a"), NotFoundError("a")])
def test_what_a_person_must_mend_fails(error: Exception) -> None:
    """It says its sentence, and is tried again seldom."""
    ending = ended_by(error, 0)
    assert (ending.state, ending.sentence) == (State.FAILED, "a")
    assert ending.after == timedelta(minutes=5)


def test_what_passes_waits() -> None:
    """A store or a budget that is away for a while is no failure of the stream."""
    assert ended_by(PeerUnavailableError("mongodb", "away"), 0).state is State.WAITING
    assert ended_by(BudgetSpentError("spent"), 9).after == timedelta(minutes=10)


def test_an_error_within_a_group_is_the_error() -> None:
    """A source of several tasks raises groups; the sentence inside is what people need."""
    ending = ended_by(ExceptionGroup("tasks", [CredentialError("X_BEARER_TOKEN is wrong")]), 0)
    assert (ending.state, ending.sentence) == (State.FAILED, "X_BEARER_TOKEN is wrong")


def test_an_unforeseen_error_tells_its_type_alone() -> None:
    """Its words may quote what was sent."""
    assert (
        ended_by(ValueError("secret"), 0).sentence == "the source stopped by an error that nobody foresaw (ValueError)"
    )


@given(st.integers(min_value=0, max_value=10**9), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_waits_grow_and_are_bounded(failures: int, jitter: float) -> None:
    """However often it failed, it is tried again within hours, and never at once."""
    for error in (ValueError("x"), RefusedError("x")):
        after = ended_by(error, failures, lambda: jitter).after
        before = ended_by(error, max(0, failures - 1), lambda: jitter).after
        assert after is not None
        assert before is not None
        assert timedelta(seconds=5) <= before <= after <= max(SELDOM_AT_MOST, SOON_AT_MOST * 1.5)


def test_only_a_backfill_ends_by_itself() -> None:
    """A live source that stops is begun again."""
    assert ended_by_itself(Kind.BACKFILL, 0).state is State.FINISHED
    assert ended_by_itself(Kind.STREAM, 0).state is State.WAITING
