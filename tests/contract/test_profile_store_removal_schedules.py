"""The contract of `ProfileStore.remove` under any schedule of deliveries, removals and crashes."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.profiles.stores.base import ProfileStore
from shared.errors import PeerUnavailableError
from tests.contract import test_profile_store as contract
from tests.contract.profile_crashes import Crash, crashing
from tests.contract.test_profile_store_removals import ALWAYS, BRANDS, POSTS, assert_holds, remaining, through
from tests.unit.profiles.posts import key

url = contract.url
store = contract.store


@dataclass(frozen=True)
class Delivered:
    """Posts of a schedule that are delivered at once."""

    numbers: tuple[int, ...]

    async def __call__(self, store: ProfileStore, brand: str) -> None:
        """Deliver them."""
        await store.fold(brand, [POSTS[number] for number in self.numbers])


@dataclass(frozen=True)
class Removed:
    """Posts, and authors up to an hour, that are removed at once."""

    numbers: tuple[int, ...]
    authors: tuple[tuple[int, int], ...]

    async def __call__(self, store: ProfileStore, brand: str) -> None:
        """Remove them."""
        authors = {key(author): through(hours) for author, hours in self.authors}
        await store.remove(brand, [key(number) for number in self.numbers], authors)


NUMBERS = st.lists(st.integers(0, 8), min_size=1, max_size=6).map(tuple)
AUTHORS = st.dictionaries(st.integers(0, 2), st.integers(-1, 7), max_size=2).map(lambda found: tuple(found.items()))
EVENTS = st.builds(Delivered, NUMBERS) | st.builds(Removed, NUMBERS, AUTHORS)
CRASHES = st.none() | st.integers(0, 24)
SCHEDULES = st.lists(st.lists(st.tuples(EVENTS, CRASHES), min_size=1, max_size=3), min_size=1, max_size=5)
"""Groups of events that happen at once, each of which may crash at a step."""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCHEDULES, st.randoms(use_true_random=False))
async def test_any_schedule_ends_as_a_clean_import_of_what_remains(
    store: ProfileStore, schedule: list[list[tuple[Delivered | Removed, int | None]]], dice: random.Random
) -> None:
    """Folds and removals in any order, some at once, some crashing anywhere, all made again in another order."""
    brand = next(BRANDS)

    async def happen(event: Delivered | Removed, step: int | None) -> None:
        with suppress(PeerUnavailableError):
            await event(store if step is None else crashing(store, Crash(step)), brand)

    for group in schedule:
        await asyncio.gather(*(happen(event, step) for event, step in group))
    events = [event for group in schedule for event, _ in group]
    for event in dice.sample(events, len(events)):
        await event(store, brand)
    delivered = {number for event in events if isinstance(event, Delivered) for number in event.numbers}
    gone = {number for event in events if isinstance(event, Removed) for number in event.numbers}
    authors: dict[str, int] = {}
    for event in events:
        for author, hours in event.authors if isinstance(event, Removed) else ():
            authors[key(author)] = max(through(hours), authors.get(key(author), -ALWAYS))
    posts = [POSTS[number] for number in sorted(delivered)]
    await assert_holds(store, brand, remaining(posts, {key(number) for number in gone}, authors))
