"""How a stream's run ended, and when it is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ingest.sources.base import BudgetSpentError, CredentialError, SourceError, SourceRefusedError
from services.ingest.streams.stream import StreamKind, StreamState
from shared.errors import NotFoundError, OverloadedError, PeerError, SettingsError

SOON: Final = timedelta(seconds=5)
SOON_AT_MOST: Final = timedelta(minutes=5)
SELDOM: Final = timedelta(minutes=5)
SELDOM_AT_MOST: Final = timedelta(hours=6)
BUDGET: Final = timedelta(minutes=10)
"""A spent budget is asked for again: the month may have ended, or the setting been raised, here or elsewhere."""
_MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True)
class RunOutcome:
    """The state that stays, the sentence for it, and after how long it is due again; None is never."""

    state: StreamState
    after: timedelta | None
    sentence: str | None = None
    is_failure: bool = False


FINISHED: Final = RunOutcome(StreamState.FINISHED, None)
PAUSED: Final = RunOutcome(StreamState.PAUSED, timedelta(0))
HANDED_ON: Final = RunOutcome(StreamState.STARTING, timedelta(0))
"""For another replica to take at once, or for this one with the brand's new rules."""


def outcome_of_end(kind: StreamKind, failures: int) -> RunOutcome:
    """Return what it means that a source has no more deliveries."""
    if kind is StreamKind.BACKFILL:
        return FINISHED
    return RunOutcome(
        StreamState.WAITING, _growing(SOON, SOON_AT_MOST, failures), "the source ended by itself", is_failure=True
    )


def outcome_of_error(error: Exception, failures: int, jitter: Callable[[], float] = random.random) -> RunOutcome:
    """Return what an error means; `failures` are those in a row before it.

    What a person has to mend is tried again seldom, so that mending is enough; what may pass, soon.
    The sentence of an unexpected error names its type alone, since its own words may quote a post.
    """
    match error:
        case BudgetSpentError():
            return RunOutcome(StreamState.WAITING, BUDGET, error.detail)
        case CredentialError() | SourceRefusedError() | SettingsError() | NotFoundError():
            after = _growing(SELDOM, SELDOM_AT_MOST, failures)
            return RunOutcome(StreamState.FAILED, after, error.detail, is_failure=True)
        case SourceError() | PeerError() | OverloadedError():
            sentence = error.detail
        case ExceptionGroup() if len(error.exceptions) == 1:
            return outcome_of_error(error.exceptions[0], failures, jitter)
        case _:
            sentence = f"the source stopped by an unexpected error ({type(error).__name__})"
    after = _growing(SOON, SOON_AT_MOST, failures) * (1 + jitter() / 2)
    return RunOutcome(StreamState.WAITING, after, sentence, is_failure=True)


def _growing(first: timedelta, most: timedelta, failures: int) -> timedelta:
    return min(most, first * (1 << min(failures, _MOST_DOUBLINGS)))
