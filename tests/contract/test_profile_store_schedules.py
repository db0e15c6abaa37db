"""The contract of `ProfileStore` under random schedules: concurrent calls of two processes that crash anywhere."""

import asyncio
import itertools
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.profiles.author_sketch import joined, sketch
from services.profiles.folding import LATEST, increment_of
from services.profiles.kept import KeptPost
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.errors import PeerUnavailableError
from tests.contract import test_profile_store as contract
from tests.contract.profile_crashes import Crash, crashing
from tests.contract.test_profile_store import StoreUrl
from tests.contract.test_profile_store_removals import ALWAYS, BRANDS, assert_holds, remaining, through
from tests.unit.profiles.posts import analysis, key, post

store = contract.store

MANY = 1000
POSTS, AUTHORS = 9, 3
PLAYS = itertools.count(1)
SHARE = 4 if "MONGODB_TEST_URL" in os.environ else 1
"""A server gets a part of the examples: each is a brand of its own, and an erasure asks every brand that there is."""


@pytest.fixture
async def other(store_url: StoreUrl) -> AsyncIterator[ProfileStore]:
    """Yield a second store on the same database, as another process has."""
    async with open_store(store_url) as opened:
        yield opened


@dataclass(frozen=True)
class Scene:
    """A brand of its own with posts by authors of its own: an erased author is gone for every later schedule."""

    brand: str = field(default_factory=lambda: next(BRANDS))
    number: int = field(default_factory=lambda: next(PLAYS))

    def author(self, number: int) -> str:
        """Return the key of one of its authors."""
        return key(self.number * AUTHORS + number)

    def posts(self, numbers: Sequence[int] = range(POSTS)) -> list[AnalyzedPost]:
        """Return posts that differ in whatever a profile or a bucket holds."""
        return [
            post(
                number,
                self.number * AUTHORS + number % AUTHORS,
                hours=number * 5 % 7,
                analyzed=analysis(
                    None if number == 3 else number / 10,
                    ("en", "de")[number % 2],
                    ("crew", "seat", None)[number % 3],
                    embedding=[1.0, number, -2.0],
                ),
                embedding_version=("v1", "v2")[number // 8],
                likes=number,
                account={"followers": 100 - number},
                voice="internal" if number == 5 else "external",
                text=f"text {number}",
            )
            for number in numbers
        ]


@dataclass(frozen=True)
class Delivered:
    """Posts are delivered at once."""

    numbers: tuple[int, ...]

    async def __call__(self, store: ProfileStore, scene: Scene) -> None:
        """Deliver them."""
        await store.fold(scene.brand, scene.posts(self.numbers))


@dataclass(frozen=True)
class Restored:
    """Posts come out of a backup."""

    numbers: tuple[int, ...]

    async def __call__(self, store: ProfileStore, scene: Scene) -> None:
        """Take them over, each stored long ago."""
        posts = scene.posts(self.numbers)
        await store.restore_posts(
            scene.brand, [KeptPost(one.post_key, one.author_key, one.key_version, 5, one) for one in posts]
        )


@dataclass(frozen=True)
class Removed:
    """Posts, and authors up to an hour, are removed at once."""

    numbers: tuple[int, ...]
    authors: tuple[tuple[int, int], ...]

    async def __call__(self, store: ProfileStore, scene: Scene) -> None:
        """Remove them."""
        authors = {scene.author(author): through(hours) for author, hours in self.authors}
        await store.remove(scene.brand, [key(number) for number in self.numbers], authors)


@dataclass(frozen=True)
class ErasedAuthor:
    """An author is erased."""

    author: int

    async def __call__(self, store: ProfileStore, scene: Scene) -> None:
        """Erase the author."""
        await store.erase(scene.author(self.author))


@dataclass(frozen=True)
class Swept:
    """Texts expire."""

    most: int

    async def __call__(self, store: ProfileStore, _scene: Scene) -> None:
        """Forget up to `most`."""
        await store.sweep(LATEST, self.most)


Event = Delivered | Restored | Removed | ErasedAuthor | Swept
Step = tuple[Event, int | None, bool]
"""What happens, at which step it crashes (if at all), and whether in the other process."""

NUMBERS = st.lists(st.integers(0, POSTS - 1), min_size=1, max_size=6).map(tuple)
ARRIVALS = st.builds(Delivered, NUMBERS) | st.builds(Restored, NUMBERS)
SOME_AUTHORS = st.dictionaries(st.integers(0, AUTHORS - 1), st.integers(-1, 7), max_size=2)
REMOVALS = st.builds(Removed, NUMBERS, SOME_AUTHORS.map(lambda found: tuple(found.items())))
WHOLE_AUTHORS = st.integers(0, AUTHORS - 1).map(lambda author: Removed((), ((author, MANY),)))
ERASURES = st.builds(ErasedAuthor, st.integers(0, AUTHORS - 1))
SWEEPS = st.builds(Swept, st.integers(1, POSTS))


def schedules(events: st.SearchStrategy[Event]) -> st.SearchStrategy[list[list[Step]]]:
    """Return groups of events that happen at once, each of which may crash at a step of its own."""
    step = st.tuples(events, st.none() | st.integers(0, 30), st.booleans())
    return st.lists(st.lists(step, min_size=1, max_size=3), min_size=1, max_size=5)


async def play(stores: tuple[ProfileStore, ProfileStore], scene: Scene, schedule: list[list[Step]]) -> list[Event]:
    """Let a schedule happen and return its events; what crashed is left as it lies."""

    async def happen(event: Event, step: int | None, elsewhere: bool) -> None:  # noqa: FBT001 - a part of a step
        place = stores[elsewhere]
        with suppress(PeerUnavailableError):
            await event(place if step is None else crashing(place, Crash(step)), scene)

    for group in schedule:
        await asyncio.gather(*(happen(*step) for step in group))
    return [event for group in schedule for event, _, _ in group]


@dataclass(frozen=True)
class Outcome:
    """What a schedule must end with, by its events alone."""

    arrived: set[int]
    named: set[str]
    removed: dict[str, int]
    erased: set[str]

    def staying(self, scene: Scene) -> list[AnalyzedPost]:
        """Return the posts that remain."""
        posts = [one for one in scene.posts(sorted(self.arrived)) if one.author_key not in self.erased]
        return remaining(posts, self.named, self.removed)


def outcome_of(scene: Scene, events: Sequence[Event]) -> Outcome:
    """Return what these events come to, in whatever order."""
    arrived = {number for event in events if isinstance(event, Delivered | Restored) for number in event.numbers}
    named = {key(number) for event in events if isinstance(event, Removed) for number in event.numbers}
    removed: dict[str, int] = {}
    for event in events:
        for author, hours in event.authors if isinstance(event, Removed) else ():
            name = scene.author(author)
            removed[name] = max(through(hours), removed.get(name, -ALWAYS))
    return Outcome(
        arrived, named, removed, {scene.author(event.author) for event in events if isinstance(event, ErasedAuthor)}
    )


async def assert_knows(store: ProfileStore, scene: Scene, outcome: Outcome) -> None:
    """Assert that each post which remains or was removed is known, and nothing of an erased author by name."""
    staying = {one.post_key: one for one in outcome.staying(scene)}
    known = {kept.post_key: kept for kept in await store.kept_posts(scene.brand, None, MANY)}
    gone = remaining(scene.posts(sorted(outcome.arrived)), set(staying), {})
    covered = {one.post_key for one in gone if one.hour.timestamp() <= outcome.removed.get(one.author_key, -ALWAYS)}
    of_erased = {one.post_key for one in gone if one.author_key in outcome.erased}
    # A removed author's posts have lost their author: who is erased later can no longer be told to be theirs.
    assert staying.keys() | outcome.named | (covered - of_erased) <= known.keys()
    assert known.keys() <= staying.keys() | outcome.named | covered
    assert await store.counted(scene.brand, [key(number) for number in range(POSTS)]) == known.keys()
    assert not {kept.author_key for kept in known.values()} & outcome.erased
    for post_key, one in staying.items():
        assert known[post_key].author_key == one.author_key
    for post_key, kept in known.items():
        if kept.post is not None:
            assert increment_of(kept.post) == increment_of(staying[post_key])


@settings(max_examples=60 // SHARE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedules(ARRIVALS | REMOVALS | ERASURES), st.randoms(use_true_random=False))
async def test_any_schedule_ends_as_one_delivery_of_what_remains(
    store: ProfileStore, other: ProfileStore, schedule: list[list[Step]], dice: random.Random
) -> None:
    """Deliveries, restores, removals and erasures by two processes, crashing anywhere, all made again in the end."""
    scene = Scene()
    events = await play((store, other), scene, schedule)
    for event in dice.sample(events, len(events)):
        await event(store, scene)
    outcome = outcome_of(scene, events)
    await assert_holds(store, scene.brand, outcome.staying(scene))
    await assert_knows(other, scene, outcome)


@settings(max_examples=40 // SHARE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedules(ARRIVALS | WHOLE_AUTHORS | ERASURES | SWEEPS), st.randoms(use_true_random=False))
async def test_what_expires_meanwhile_is_neither_lost_nor_doubled(
    store: ProfileStore, other: ProfileStore, schedule: list[list[Step]], dice: random.Random
) -> None:
    """With sweeps in between profiles and totals end the same; hours keep what nobody can take out, without names."""
    scene = Scene()
    events = await play((store, other), scene, schedule)
    for event in dice.sample(events, len(events)):
        await event(store, scene)
    outcome = outcome_of(scene, events)
    staying = outcome.staying(scene)
    await assert_holds(store, scene.brand, staying, expired=bool(outcome.removed or outcome.erased))
    await assert_knows(other, scene, outcome)
    least = rolled_up((one.voice, one.author_key, increment_of(one)) for one in staying)
    most = rolled_up((one.voice, one.author_key, increment_of(one)) for one in scene.posts(sorted(outcome.arrived)))
    kept = {bucket.key: bucket.rollup for bucket in await store.kept_buckets(scene.brand)}
    assert least.keys() <= kept.keys() <= most.keys()
    assert all(kept[where].posts <= most[where].posts for where in kept)
    assert all(least[where].posts <= kept[where].posts for where in least)
    everybody = joined(rollup.authors for rollup in kept.values())
    nobody = sketch(outcome.erased)
    assert joined([everybody, nobody]).kept == everybody.kept + nobody.kept


@settings(max_examples=25 // SHARE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedules(ARRIVALS | REMOVALS))
async def test_the_next_start_finishes_what_crashed(store_url: StoreUrl, schedule: list[list[Step]]) -> None:
    """With nothing made again, a store that is opened anew counts each post that it knows once, wherever one looks."""
    scene = Scene()
    async with open_store(store_url) as one, open_store(store_url) as another:
        events = await play((one, another), scene, schedule)
    async with open_store(store_url) as store:
        known = await store.kept_posts(scene.brand, None, MANY)
        counted = {kept.post_key for kept in known if kept.author_key is not None}
        await assert_holds(store, scene.brand, [item for item in scene.posts() if item.post_key in counted])
        for event in events:
            await event(store, scene)
        outcome = outcome_of(scene, events)
        await assert_holds(store, scene.brand, outcome.staying(scene))
        await assert_knows(store, scene, outcome)
