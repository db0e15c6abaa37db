"""Files of earlier versions become those of today: all of it, once, or not at all."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import ChangedSpan
from services.profiles.folding import increment_of
from services.profiles.kept import KeptPost
from services.profiles.listing import Listing
from services.profiles.rollup import rolled_up
from services.profiles.stores import sqlite_migrations
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.database import UPGRADES, open_store
from services.profiles.stores.sqlite_migrations import MIGRATIONS
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.errors import SettingsError
from shared.sqlite import open_sqlite
from shared.store_url import SqliteUrl
from tests.contract.profile_crashes import Counted, Crash
from tests.contract.test_profile_store import folded_once, held
from tests.contract.told_features import to_tell, told
from tests.contract.version_0 import write_version_0
from tests.unit.profiles.posts import analysis, key, post

MANY = 1000
POSTS = [
    post(
        number,
        number % 4,
        hours=number * 11,
        analyzed=analysis(
            None if number % 5 == 4 else number / 12, ("en", "de", None)[number % 3], ("crew", None)[number % 2]
        ),
        likes=number,
        reposts=number % 2,
        account={"followers": number},
    )
    for number in range(12)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of version 0 with two brands, in one of which clusters are published."""
    made = tmp_path / "profiles.db"
    write_version_0(made, {"acme": POSTS, "bolt": POSTS[:3]})
    with closing(sqlite3.connect(made)) as file, file:
        file.execute("INSERT INTO assignment VALUES ('acme', 'behaviour', 'run-1', ?, 3)", (key(1),))
        file.execute("INSERT INTO published VALUES ('acme', 'behaviour', 'run-1')")
        file.execute("INSERT INTO post VALUES ('acme', ?, '', 0)", (key(70),))
        file.execute("INSERT INTO removed_author VALUES ('acme', ?, 7200)", (key(71),))
    return made


def dump(path: Path) -> list[str]:
    """Return all that is in a file, and its version."""
    with closing(sqlite3.connect(path)) as file:
        return [*file.iterdump(), str(file.execute("PRAGMA user_version").fetchone()[0])]


async def assert_migrated(store: ProfileStore) -> None:
    """Assert that all of the old file is there, with hours and days."""
    for brand, posts in (("acme", POSTS), ("bolt", POSTS[:3])):
        assert await held(store, brand) == folded_once(posts)
        assert {bucket.key: bucket.rollup for bucket in await store.kept_buckets(brand)} == rolled_up(
            (one.voice, one.author_key, increment_of(one)) for one in posts
        )
        summary = await store.summary(brand)
        assert summary is not None
        assert (summary.profiles, summary.posts) == (len(folded_once(posts)), len(posts))


async def test_an_old_file_opens_with_all_that_was_in_it(path: Path) -> None:
    """Profiles, totals, clusters and the filter by language stay; hours and days are made of contributions."""
    async with open_store(SqliteUrl(path)) as store:
        await assert_migrated(store)
        profile = await store.profile("acme", key(1))
        assert profile is not None
        assert profile.clusters == {"behaviour": 3}
        assert [(run.run_id, run.published) for run in await store.assigned_runs("acme")] == [("run-1", 1)]
        german = [one.author_key for one in await store.profiles(Listing("acme", MANY, language="de"))]
        assert german == sorted(author for author, one in folded_once(POSTS).items() if "de" in one.languages)


async def test_an_old_file_tells_features_and_changes(path: Path) -> None:
    """Each profile has its record and a number; a follower that begins anew is told of every brand."""
    async with open_store(SqliteUrl(path)) as store:
        changes = await store.changes(0)
        assert changes.brands.keys() == {"acme", "bolt"}
        for brand, posts in (("acme", POSTS), ("bolt", POSTS[:3])):
            wanted, span = to_tell(folded_once(posts), brand), ChangedSpan(0, "g", changes.brands[brand])
            assert told(await store.features(brand, "", MANY)) == wanted
            assert told(await store.features(brand, span, MANY)) == wanted


async def test_embeddings_of_a_file_without_records_are_told(tmp_path: Path) -> None:
    """A file as it was before records were kept: the version of its embeddings is known, and a damaged row skipped."""
    made, embedded = tmp_path / "profiles.db", analysis(embedding=[1.0, 2.0])
    async with open_store(SqliteUrl(made)) as store:
        await store.fold("acme", [post(n, n, analyzed=embedded, embedding_version="v1") for n in range(4)])
        rows = await store.features("acme", "", MANY)
    with closing(sqlite3.connect(made)) as file, file:
        for table in ("feature", "brand_change", "embedding_use"):
            file.execute(f"DROP TABLE {table}")
        file.execute("UPDATE profile SET body = '{' || body WHERE author_key = ?", (key(3),))
        file.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    async with open_store(SqliteUrl(made)) as store:
        assert await store.embedding_space("acme") == EmbeddingSpace("v1", 2)
        found = await store.features("acme", "", MANY, "v1")
        assert told(found) == {author: record for author, record in told(rows).items() if author != key(3)}
        assert found.embeddings.keys() == {key(number) for number in range(4)} - {key(3)}


async def test_replays_into_an_old_file_change_nothing(path: Path) -> None:
    """Keys that were counted or removed are known, removed authors stay away, and what is new counts."""
    async with open_store(SqliteUrl(path)) as store:
        assert await store.fold("acme", [*POSTS, post(70, 1), post(72, 71, hours=-400_000)]) == FoldCount(0, 14)
        await assert_migrated(store)
        assert await store.kept_posts("acme", key(60), MANY) == [
            KeptPost(key(70), None, 0),
            KeptPost(key(72), None, 1),
        ]
        assert await store.fold("acme", [post(80, 9, hours=3)]) == FoldCount(1, 0)


async def test_posts_of_an_old_file_may_be_removed(path: Path) -> None:
    """Nothing tells what each of them added any more: they go from their profile with the last of its posts."""
    async with open_store(SqliteUrl(path)) as store:
        assert await store.remove("acme", [key(1)], {}) == RemovalCount(1, 0)
        assert await held(store) == folded_once(POSTS)
        await store.remove("acme", [key(5), key(9)], {})
        assert await held(store) == folded_once([one for one in POSTS if one.author_key != key(1)])
        await store.remove("acme", [], {key(2): 10**10})
        assert (await held(store)).keys() == {key(0), key(3)}


async def test_a_second_opening_changes_nothing(path: Path) -> None:
    """The version stands in the file, so that contributions count once."""
    async with open_store(SqliteUrl(path)):
        pass
    first = dump(path)
    assert first[-1] == str(len(UPGRADES)), "all there are"
    assert not any("contribution" in line for line in first)
    async with open_store(SqliteUrl(path)) as store:
        await assert_migrated(store)
    assert dump(path) == first


async def test_an_old_file_ends_with_the_schema_of_a_new_one(path: Path, tmp_path: Path) -> None:
    """Tables and indexes are those of a file that is made today."""
    new = tmp_path / "new.db"
    for made in (path, new):
        async with open_store(SqliteUrl(made)):
            pass

    def schema(made: Path) -> set[Any]:
        with closing(sqlite3.connect(made)) as file:
            names = {row[0] for row in file.execute("SELECT name FROM sqlite_master")}
            return {(name, *row) for name in names for row in file.execute(f"PRAGMA table_xinfo({name})")}

    assert schema(path) == schema(new)


async def test_pieces_of_a_brand_add_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A brand with more contributions than are read at once has the hours and days of all of them."""
    monkeypatch.setattr(sqlite_migrations, "PIECE", 5)
    async with open_store(SqliteUrl(path)) as store:
        await assert_migrated(store)


async def test_processes_that_open_an_old_file_at_once_migrate_it_once(path: Path) -> None:
    """The first brings it up while the others wait."""

    async def opened() -> None:
        async with open_store(SqliteUrl(path)) as store:
            await assert_migrated(store)

    await asyncio.gather(*(opened() for _ in range(4)))


@pytest.mark.parametrize("piece", [5, 5000])
async def test_a_crash_while_a_file_is_brought_up_leaves_it_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Wherever it happens the file is of version 0, contributions and all, and the next start brings it up."""
    monkeypatch.setattr(sqlite_migrations, "PIECE", piece)
    before = dump(path)
    step, happened = 0, True
    while happened:
        crash = Crash(step)
        failing = [lambda connection, crash=crash: MIGRATIONS[0](Counted(connection, crash))]  # type: ignore[arg-type]
        try:
            async with open_sqlite(path, SCHEMA, failing):
                pass
        except AutoReconnect:
            assert dump(path) == before
        step, happened = step + 7, crash.happened
    assert step > 30
    async with open_store(SqliteUrl(path)) as store:
        await assert_migrated(store)


async def test_a_file_from_before_contributions_opens(path: Path) -> None:
    """Posts that were counted before anything was kept of them stay counted, and have no hours."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DROP TABLE contribution")
    async with open_store(SqliteUrl(path)) as store:
        assert await held(store) == folded_once(POSTS)
        assert await store.kept_buckets("acme") == []
        assert await store.fold("acme", POSTS) == FoldCount(0, 12)


async def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    """A sentence says what to do, and the file is left as it is."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("PRAGMA user_version = 99")
    before = dump(path)
    with pytest.raises(SettingsError, match=r"later version of voxpop \(schema 99.*install that version"):
        async with open_store(SqliteUrl(path)):
            pass
    assert dump(path) == before
