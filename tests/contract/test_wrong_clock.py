"""A clock that was wrong once delays nothing for longer than it ever waits, on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clock import SKEW, brought_near, is_due
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Leases, freed
from shared.rounds import ROUNDS, RoundStore
from shared.store_url import MongoUrl, SqliteUrl

NOW: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LASTING: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=10)
LOOK: Final = timedelta(seconds=20)
YEAR: Final = timedelta(days=365)
INDEX: Final = ("wanted", "due_ms")
CHORES: Final = Collection("chores", {"wanted": str, **LEASE_FIELDS}, (Index(INDEX), LEASE_INDEX))

leaps = st.timedeltas(-2 * YEAR, 2 * YEAR)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound


@pytest.fixture
async def documents(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[Documents]:
    """Yield an empty store."""
    async with open_documents(store_url, (CHORES, ROUNDS)) as opened:
        yield opened


@given(due=moments, now=moments, longest=st.timedeltas(timedelta(), YEAR))
def test_nothing_waits_for_longer_than_it_ever_does(due: datetime, now: datetime, longest: timedelta) -> None:
    """Whatever moment is kept: at `longest` from now it is due, and what is brought near is no later than that."""
    waits = not is_due(due, now, longest)
    assert not waits or due - now <= longest + SKEW
    assert brought_near(due, now, longest) <= now + longest + SKEW
    assert brought_near(due, now, longest) == due or due > now + longest


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    jumps=st.lists(
        st.tuples(leaps, st.sampled_from(["take", "release", "renew"]), st.timedeltas(timedelta(), LONGEST))
    ),
    left=st.sampled_from(["leased", "free"]),
)
async def test_once_the_clock_is_right_everything_is_done_within_its_time(
    documents: Documents, jumps: list[tuple[timedelta, str, timedelta]], left: str
) -> None:
    """However the clock of a replica jumped before it died, another one has the document in time."""
    await documents.delete(CHORES, "a")
    await documents.insert(CHORES, freed(Document("a", "", {"wanted": "yes"}), NOW))
    wrong, other = _leases(documents), _leases(documents)
    lease = None
    for ahead, action, wait in jumps:
        at = NOW + ahead
        if action == "take" or lease is None:
            taken = await wrong.take_key("a", "wrong", at, at + LASTING)
            lease = taken[0] if taken is not None else lease
        elif action == "renew":
            await wrong.write(lease, until=at + LASTING)
        else:
            await wrong.release(lease, at + wait)
            lease = None
    if lease is not None and left == "free":
        await wrong.release(lease, NOW + jumps[-1][0] + LONGEST)
    now, most = NOW, LASTING if left == "leased" and lease is not None else LONGEST
    while (taken := await other.take("other", now, now + LASTING)) is None:
        now += LOOK
        assert now <= NOW + most + SKEW + LOOK
    assert taken[0].owner == "other"


async def test_an_owner_that_lives_keeps_its_lease(documents: Documents) -> None:
    """A clock that stays a year ahead renews its lease, and no replica with the right one takes it away."""
    await documents.insert(CHORES, freed(Document("a", "", {"wanted": "yes"}), NOW))
    ahead, other = _leases(documents), _leases(documents)
    taken = await ahead.take("ahead", NOW + YEAR, NOW + YEAR + LASTING)
    assert taken is not None
    now = NOW
    for _ in range(20):
        now += LASTING / 3
        await ahead.write(taken[0], until=now + YEAR + LASTING)
        assert await other.take("other", now, now + LASTING) is None
    assert await other.take("other", now + LASTING, now + 2 * LASTING) is not None


async def test_what_waits_as_long_as_it_may_is_not_early(documents: Documents) -> None:
    """Neither by its key nor by looking, also where the clocks of replicas differ by some seconds."""
    leases = _leases(documents)
    await documents.insert(CHORES, freed(Document("a", "", {"wanted": "yes"}), NOW + LONGEST + SKEW))
    assert await leases.due(NOW, 9, LASTING) == []
    assert await leases.take_key("a", "me", NOW, NOW + LASTING) is None
    await documents.put_all(CHORES, [freed(Document("b", "", {"wanted": "no"}), NOW + YEAR)])
    assert await leases.due(NOW, 9, LASTING) == []


async def test_a_round_that_a_wrong_clock_ended_is_made_again(documents: Documents) -> None:
    """Once the clock is right, one that ended is begun at once, one that was never ended after it would lapse."""
    store, hour = RoundStore(documents), timedelta(hours=1)
    lease = await store.begin("sweep", "one", NOW + YEAR, NOW + YEAR + hour, hour)
    assert lease is not None
    assert await store.begin("sweep", "two", NOW, NOW + hour, hour) is None
    await store.end(lease, NOW + YEAR + hour)
    assert await store.begin("sweep", "two", NOW, NOW + hour, hour) is not None
    lease = await store.begin("other", "one", NOW + YEAR, NOW + YEAR + hour, hour)
    assert lease is not None
    assert [
        await store.begin("other", "two", NOW + minutes * timedelta(minutes=1), NOW + hour * 2, hour) is not None
        for minutes in (0, 59, 61)
    ] == [False, False, True]


def _leases(documents: Documents) -> Leases:
    return Leases(documents, CHORES, LONGEST, INDEX, ("yes",))
