"""What a running stream says of itself."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.ingest.pipeline import Receipt
from services.ingest.streams.progress import MOST_REASONS, MOST_SENTENCE, OTHER, ProgressRecorder, StreamMetrics
from services.ingest.streams.stream import StreamProgress, StreamState
from tests.unit.ingest.virtual_clock import START, VirtualClock

FOLDED = Receipt(accepted=1, duplicates=0, rejected=[])


def recorder(clock: VirtualClock | None = None, before: StreamProgress | None = None) -> ProgressRecorder:
    """Return a fresh tally."""
    metrics = StreamMetrics(CollectorRegistry())
    return ProgressRecorder(before or StreamProgress(updated_at=START), "x", metrics, clock or VirtualClock())


def test_it_counts_on_from_its_last_owner() -> None:
    """StreamCounts, spend and the last error go over restarts; the state begins anew."""
    first = recorder()
    first.listening("stream")
    first.spent(5)
    first.reconnected()
    first.degraded("posts come late")
    first.delivered([], Receipt(accepted=3, duplicates=2, rejected=[]))
    second = recorder(before=first.snapshot())
    second.delivered([], FOLDED)
    progress = second.snapshot()
    assert (progress.counts.posts, progress.counts.duplicates) == (4, 2)
    assert (progress.spent_posts, progress.reconnects, progress.last_error) == (5, 1, "posts come late")
    assert progress.state is StreamState.STARTING


def test_a_stream_that_is_blocked_is_waiting_until_it_is_not() -> None:
    """What the source said meanwhile counts again afterwards, and the error stays to be read."""
    one = recorder()
    one.degraded("polling instead")
    one.blocked("profiles is not available")
    assert one.snapshot().state is StreamState.WAITING
    one.blocked(None)
    assert one.snapshot().state is StreamState.DEGRADED
    assert one.snapshot().last_error == "profiles is not available"
    one.listening("stream")
    assert one.snapshot().state is StreamState.RUNNING


def test_reasons_and_sentences_are_bounded() -> None:
    """Whatever a source comes up with, a stream's row stays small."""
    one = recorder()
    for number in range(100):
        one.dropped(f"reason {number}", 2)
    one.degraded("x" * 10_000)
    progress = one.snapshot()
    assert len(progress.dropped_reasons) == MOST_REASONS + 1
    assert progress.dropped_reasons[OTHER] == 2 * (100 - MOST_REASONS)
    assert progress.counts.dropped == 200
    assert len(str(progress.last_error)) == MOST_SENTENCE


async def test_the_rate_is_of_the_last_minute() -> None:
    """Posts older than a minute no longer count for it."""
    clock = VirtualClock()
    one = recorder(clock)
    one.delivered([], FOLDED)
    await clock.advance(40)
    one.delivered([], FOLDED)
    assert one.snapshot().posts_per_minute == 2
    await clock.advance(30)
    assert one.snapshot().posts_per_minute == 1


def test_the_newest_post_is_never_in_the_future() -> None:
    """A wrong clock at a network must not hide a stream that lags."""
    one = recorder()
    past = START - timedelta(minutes=5)
    one.delivered([{"created_at": past.isoformat()}, {"created_at": "2999-01-01T00:00:00Z"}], FOLDED)
    assert one.snapshot().newest_at == past


@given(
    st.lists(
        st.fixed_dictionaries(
            {"created_at": st.one_of(st.none(), st.integers(), st.text(), st.datetimes().map(datetime.isoformat))}
        )
        | st.just({})
    )
)
def test_no_time_that_a_network_sends_raises(posts: list[dict[str, Any]]) -> None:
    """What is no time is passed over."""
    recorder().delivered(posts, FOLDED)
