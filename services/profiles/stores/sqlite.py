"""Profiles in an SQLite file: whatever a rule changes is one transaction."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from typing_extensions import override

from services.profiles.assigned_run import AssignedRun
from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import Beginning, FeatureRows, NamedAuthors
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.stores import sqlite_assignments as kept_runs
from services.profiles.stores import sqlite_posts
from services.profiles.stores.sqlite_assignments import cluster_sizes, clusters_of
from services.profiles.stores.sqlite_buckets import kept_buckets, rollups
from services.profiles.stores.sqlite_features import brand_changes, embedding_space, feature_rows, last_change
from services.profiles.stores.sqlite_profiles import kept_profiles, listed
from services.profiles.stores.sqlite_reads import decode, increments, known_posts, lengths, load
from services.profiles.stores.sqlite_writes import OF_AUTHOR, save
from services.profiles.stores.state import NOTHING, Changes, Result, Rule
from services.profiles.stores.transactions import PIECE, TransactionalProfileStore
from services.profiles.texts import TextPage, TextQuery
from shared.analyzed_post import Voice
from shared.brand_changes import BrandChanges
from shared.clock import Clock
from shared.sqlite import SqliteDatabase

_WITH_BRANDS: Final = (*OF_AUTHOR, "assigned_run")


class SqliteProfileStore(TransactionalProfileStore):
    """`ProfileStore` on one database file; totals of a brand are kept along with its profiles."""

    def __init__(self, database: SqliteDatabase, clock: Clock | None = None) -> None:
        """Use an open database that has the schema; `clock` tells when a post is stored."""
        super().__init__(clock)
        self._database = database

    @override
    async def _transact(self, brand: str, rule: Callable[[], Rule[Result]], *, rarely: bool = False) -> Result:
        if rarely:
            changes, answer = await self._database.read(lambda connection: _ask(connection, brand, rule()))
            if changes == NOTHING:
                return answer
        return await self._database.write(lambda connection: run(connection, brand, rule()))

    @override
    async def _brands(self) -> list[str]:
        found = await self._database.read(lambda c: {brand for table in _WITH_BRANDS for brand in _brands_in(c, table)})
        return sorted(found)

    @override
    async def kept_brands(self) -> list[str]:
        tables = (*_WITH_BRANDS, "post")
        found = await self._database.read(lambda c: {brand for table in tables for brand in _brands_in(c, table)})
        return sorted(found)

    @override
    async def _forget_keys(self, author_key: str) -> None:
        # Keys are not indexed by author: that would make every fold dearer for the sake of what is rare.
        statement = "SELECT brand, post_key FROM post WHERE author_key = ?"
        known = await self._database.read(lambda c: [tuple(row) for row in c.execute(statement, (author_key,))])
        for start in range(0, len(known), PIECE):
            await self._database.write(partial(_forget, known[start : start + PIECE]))
        await self._database.checkpoint()

    @override
    async def sweep(self, before: int, most: int) -> int:
        forgotten = await self._database.write(lambda c: sqlite_posts.sweep(c, before, most))
        if forgotten < most:
            # The log still has what was deleted.
            await self._database.checkpoint()
        return forgotten

    @override
    async def redate(self, latest: int, most: int) -> int:
        return await self._database.write(lambda c: sqlite_posts.redate(c, latest, most))

    @override
    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        return set(await self._database.read(lambda c: known_posts(c, brand, post_keys)))

    @override
    async def has_brand(self, brand: str) -> bool:
        statement = "SELECT 1 FROM brand WHERE brand = ?"
        return await self._database.read(lambda c: c.execute(statement, (brand,)).fetchone()) is not None

    @override
    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        statement = "SELECT brand, profiles, body FROM brand WHERE brand > ? ORDER BY brand LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(statement, (after or "", limit)).fetchall())
        return [BrandSize(row["brand"], row["profiles"], decode(row["body"]).posts) for row in rows]

    @override
    async def summary(self, brand: str) -> BrandSummary | None:
        statement = "SELECT profiles, body FROM brand WHERE brand = ?"
        row = await self._database.read(lambda c: c.execute(statement, (brand,)).fetchone())
        if row is None:
            return None
        total = decode(row["body"])
        return BrandSummary(
            brand=brand,
            profiles=row["profiles"],
            posts=total.posts,
            scored_posts=total.scored_posts,
            score_sum=total.score_sum,
            labels=total.labels,
            languages=total.languages,
            first_seen=total.first_seen,
            last_seen=total.last_seen,
        )

    @override
    async def profile(self, brand: str, author_key: str) -> Profile | None:
        def read(connection: sqlite3.Connection) -> Profile | None:
            folded = increments(connection, brand, [author_key]).get(author_key)
            if folded is None:
                return None
            return Profile(brand, author_key, folded, clusters_of(connection, brand, [author_key])[author_key])

        return await self._database.read(read)

    @override
    async def profiles(self, listing: Listing) -> list[Profile]:
        def read(connection: sqlite3.Connection) -> list[Profile]:
            found = listed(connection, listing)
            clusters = clusters_of(connection, listing.brand, [profile.author_key for profile in found])
            return [replace(profile, clusters=clusters[profile.author_key]) for profile in found]

        return await self._database.read(read)

    @override
    async def cluster_sizes(self, brand: str) -> dict[str, dict[int, int]]:
        return await self._database.read(lambda c: cluster_sizes(c, brand))

    @override
    async def features(
        self, brand: str, place: Beginning | NamedAuthors, limit: int, version: str | None = None
    ) -> FeatureRows:
        return await self._database.read(lambda c: feature_rows(c, brand, place, limit, version))

    @override
    async def embedding_space(self, brand: str) -> EmbeddingSpace | None:
        return await self._database.read(lambda c: embedding_space(c, brand))

    @override
    async def last_change(self, brand: str) -> int:
        return await self._database.read(lambda c: last_change(c, brand))

    @override
    async def changes(self, after: int) -> BrandChanges:
        return await self._database.read(lambda c: brand_changes(c, after))

    @override
    async def _stage(self, run: AssignedRun, clusters: Mapping[str, int]) -> int:
        return await self._database.write(lambda c: kept_runs.stage(c, run, clusters))

    @override
    async def _publish(self, run: AssignedRun, expected: int, keep: int) -> int:
        return await self._database.write(lambda c: kept_runs.publish(c, run, expected, keep))

    @override
    async def _dismiss(self, brand: str, run_id: str) -> None:
        await self._database.write(lambda c: kept_runs.dismiss(c, brand, run_id))

    @override
    async def _dismiss_staged(self, before: int, latest: int) -> None:
        await self._database.write(lambda c: kept_runs.dismiss_staged(c, before, latest))

    @override
    async def _leaving_runs(self) -> list[AssignedRun]:
        return await self._database.read(kept_runs.leaving_runs)

    @override
    async def _remove_piece(self, run: AssignedRun) -> int:
        return await self._database.write(lambda c: kept_runs.remove_piece(c, run))

    @override
    async def assigned_runs(self, brand: str) -> list[AssignedRun]:
        return await self._database.read(lambda c: kept_runs.assigned_runs(c, brand))

    @override
    async def assignments(
        self, brand: str, basis: Basis, run_id: str, after: str | None, limit: int
    ) -> list[tuple[str, int]]:
        run = AssignedRun(brand, basis, run_id)
        return await self._database.read(lambda c: kept_runs.assignments(c, run, after or "", limit))

    @override
    async def embedding_lengths(self) -> dict[str, int]:
        return await self._database.read(lengths)

    @override
    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        return await self._database.read(lambda c: rollups(c, brand, span, (start, end), voice, limit))

    @override
    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        bodies, total = await self._database.read(lambda c: sqlite_posts.sampled(c, brand, (start, end), most, voice))
        return await asyncio.to_thread(sqlite_posts.sample_of, bodies, total)

    @override
    async def posts(self, brand: str, start: int, end: int, after: Place | None, limit: int) -> list[KeptPost]:
        return await self._database.read(lambda c: sqlite_posts.posts_by_date(c, brand, (start, end), after, limit))

    @override
    async def texts(self, brand: str, query: TextQuery) -> TextPage:
        return await self._database.read(lambda c: sqlite_posts.texts(c, brand, query))

    @override
    async def kept_posts(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        return await self._database.read(lambda c: sqlite_posts.kept_posts(c, brand, after, limit))

    @override
    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        return await self._database.read(lambda c: kept_profiles(c, brand, after, limit))

    @override
    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        return await self._database.read(lambda c: kept_buckets(c, brand))

    @override
    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        statement = """
            SELECT author_key, through FROM removed_author
            WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
        """
        rows = await self._database.read(lambda c: c.execute(statement, (brand, after or "", limit)).fetchall())
        return [RemovedAuthor(*row) for row in rows]

    @override
    async def erased_authors(self, after: str | None, limit: int) -> list[str]:
        statement = "SELECT author_key FROM erased WHERE author_key > ? ORDER BY author_key LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(statement, (after or "", limit)).fetchall())
        return [row["author_key"] for row in rows]

    @override
    async def check_ready(self) -> None:
        await self._database.check_ready()


def _ask(connection: sqlite3.Connection, brand: str, rule: Rule[Result]) -> tuple[Changes, Result]:
    """Tell a rule what it wants to know until it has decided."""
    wanted = next(rule)
    while True:
        try:
            wanted = rule.send(load(connection, brand, wanted))
        except StopIteration as decided:
            answer: tuple[Changes, Result] = decided.value
            return answer


def run(connection: sqlite3.Connection, brand: str, rule: Rule[Result]) -> Result:
    """Run a rule as part of a caller's transaction and return its answer."""
    changes, answer = _ask(connection, brand, rule)
    save(connection, brand, changes)
    return answer


def _forget(keys: Sequence[tuple[str, str]], connection: sqlite3.Connection) -> None:
    connection.executemany("DELETE FROM post WHERE brand = ? AND post_key = ?", keys)


def _brands_in(connection: sqlite3.Connection, table: str) -> Collection[str]:
    """Return the brands in a table by a look at the index for each, however many rows a brand has."""
    statement = f"""
        WITH RECURSIVE found (brand) AS (
            SELECT min(brand) FROM {table}
            UNION ALL SELECT (SELECT min(brand) FROM {table} WHERE brand > found.brand) FROM found
            WHERE found.brand IS NOT NULL)
        SELECT brand FROM found WHERE brand IS NOT NULL
    """  # noqa: S608 - our own
    return [row["brand"] for row in connection.execute(statement)]
