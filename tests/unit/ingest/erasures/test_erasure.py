"""The steps of an erasure."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.erasures.erasure import (
    LONGEST_WAIT,
    SETTLED,
    ErasedHere,
    Erasure,
    asked_again,
    completed,
    postponed,
    removed_there,
    taken,
)
from shared.erasure import ErasedOfBrand

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUEUED = Erasure(id="1" * 32, author_key="2" * 32, reply_author="3" * 32, asked_at=NOW, due_at=NOW)
_COUNTS = st.integers(0, 10**9)
_BY_NAME = st.dictionaries(st.sampled_from(["x", "zendesk", "slack"]), _COUNTS)
_HERE = st.builds(
    ErasedHere,
    drafts=_COUNTS,
    tickets=_COUNTS,
    vault_rows=_COUNTS,
    recent_posts=_COUNTS,
    tickets_at_desks=_BY_NAME,
    replies_on_platforms=_BY_NAME,
)


@given(_HERE, _HERE, _HERE)
def test_what_was_removed_adds_up_in_any_order(one: ErasedHere, two: ErasedHere, three: ErasedHere) -> None:
    """Passes over the same places may come in any order and any grouping."""
    assert one.plus(two) == two.plus(one)
    assert one.plus(two).plus(three) == one.plus(two.plus(three))


@given(st.integers(0, 10**6))
def test_waits_grow_and_stay_bounded(attempts: int) -> None:
    """However often it was in vain, the next attempt comes within 15 minutes, and not before the one before did."""
    waiting = postponed(QUEUED.model_copy(update={"attempts": attempts}), NOW, "profiles", "away")
    after = postponed(waiting, NOW, "profiles", "away")
    assert waiting.due_at is not None
    assert after.due_at is not None
    assert timedelta(0) < waiting.due_at - NOW <= after.due_at - NOW <= LONGEST_WAIT
    assert (waiting.state, waiting.waiting_for, waiting.known) == ("waiting", "profiles", "away")


def test_brands_add_up_over_attempts() -> None:
    """What two attempts removed of one brand is one entry."""
    one = removed_there(QUEUED, [ErasedOfBrand(brand="b", posts=1, texts=2, assignments=3)])
    two = removed_there(
        one,
        [
            ErasedOfBrand(brand="b", posts=1, texts=0, assignments=1),
            ErasedOfBrand(brand="a", posts=5, texts=0, assignments=0),
        ],
    )
    assert [(item.brand, item.posts, item.texts, item.assignments) for item in two.profiles] == [
        ("a", 5, 0, 0),
        ("b", 2, 2, 4),
    ]


def test_done_is_looked_at_once_more_and_then_left_alone() -> None:
    """A first completion is due again after what was under way has ended; the second never, and unlinks the keys."""
    done = completed(taken(QUEUED), NOW)
    assert (done.state, done.done_at, done.due_at) == ("done", NOW, NOW + SETTLED)
    looking = taken(done)
    assert looking.state == "done"
    assert postponed(looking, NOW, "profiles", "away").state == "done"
    settled = completed(looking, NOW + SETTLED)
    assert (settled.state, settled.done_at, settled.due_at, settled.reply_author) == ("done", NOW, None, None)
    assert settled.looked_again_at == NOW + SETTLED


def test_asking_again_queues_what_is_done_alone() -> None:
    """One that is under way is returned as it is."""
    running = taken(QUEUED)
    assert asked_again(running, QUEUED) == running
    again = asked_again(completed(running, NOW), QUEUED)
    assert (again.state, again.done_at, again.due_at, again.reply_author) == ("queued", None, NOW, "3" * 32)
