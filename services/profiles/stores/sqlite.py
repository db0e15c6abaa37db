"""Profiles in an SQLite file: a post's key, its fold and its removal are one transaction each."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.profiles.arrival import arrivals
from services.profiles.kept import Erased, KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.stores.base import FoldCount, RemovalCount
from services.profiles.stores.sqlite_assignments import clusters_of, publish, stage
from services.profiles.stores.sqlite_buckets import kept_buckets, rollups
from services.profiles.stores.sqlite_embeddings import lengths
from services.profiles.stores.sqlite_erasing import erase
from services.profiles.stores.sqlite_folding import fold, known_keys
from services.profiles.stores.sqlite_listing import select
from services.profiles.stores.sqlite_posts import kept_posts, posts_by_date, sample_of, sampled, sweep
from services.profiles.stores.sqlite_profiles import decode, increments, profiles_of
from services.profiles.stores.sqlite_removing import Removals, known, remove
from services.profiles.stores.sqlite_restoring import (
    erased_authors,
    kept_profiles,
    removed_authors,
    restore_buckets,
    restore_posts,
    restore_profiles,
    restore_removals,
)
from shared.analyzed_post import AnalyzedPost, Voice
from shared.clock import Clock, SystemClock
from shared.sqlite import SqliteDatabase


class SqliteProfileStore:
    """`ProfileStore` on one database file; totals of a brand are folded along with its profiles."""

    def __init__(self, database: SqliteDatabase, clock: Clock | None = None) -> None:
        """Use an open database that has the schema; `clock` tells when a post is stored."""
        self._database = database
        self._clock = clock or SystemClock()

    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """See `ProfileStore.fold`."""
        moments = [int(self._clock.now().timestamp())] * len(posts)
        ready = await asyncio.to_thread(arrivals, posts, moments)
        folded = await self._database.write(lambda connection: fold(connection, brand, ready))
        return FoldCount(folded, len(posts) - folded)

    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool = True
    ) -> RemovalCount:
        """See `ProfileStore.remove`.

        Where nothing is to be kept of what is unknown, and all is, nothing is written: most of a network's
        removals are of posts that nobody here ever saw.
        """
        asked = Removals(list(dict.fromkeys(post_keys)), dict(authors))
        todo = asked if early else await self._database.read(lambda connection: known(connection, brand, asked))
        unknown = asked.count - todo.count
        if not todo.count:
            return RemovalCount(0, unknown)
        count = await self._database.write(lambda connection: remove(connection, brand, todo))
        return RemovalCount(count.removed, count.unknown + unknown)

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`."""
        return await self._database.read(lambda connection: known_keys(connection, brand, post_keys))

    async def erase(self, author_key: str) -> list[Erased]:
        """See `ProfileStore.erase`."""
        return await erase(self._database, author_key)

    async def sweep(self, before: int, most: int) -> int:
        """See `ProfileStore.sweep`; with the last piece the log is emptied, which still has what was deleted."""
        forgotten = await self._database.write(lambda connection: sweep(connection, before, most))
        if forgotten < most:
            await self._database.checkpoint()
        return forgotten

    async def has_brand(self, brand: str) -> bool:
        """See `ProfileStore.has_brand`."""
        found = await self._database.read(
            lambda c: c.execute("SELECT 1 FROM brand WHERE brand = ?", (brand,)).fetchone()
        )
        return found is not None

    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """See `ProfileStore.brands`."""
        statement = "SELECT brand, profiles, body FROM brand WHERE brand > ? ORDER BY brand LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(statement, (after or "", limit)).fetchall())
        return [BrandSize(row["brand"], row["profiles"], decode(row["body"]).posts) for row in rows]

    async def summary(self, brand: str) -> BrandSummary | None:
        """See `ProfileStore.summary`."""
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

    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`."""

        def read(connection: sqlite3.Connection) -> Profile | None:
            folded = increments(connection, brand, [author_key]).get(author_key)
            if folded is None:
                return None
            return Profile(brand, author_key, folded, clusters_of(connection, brand, [author_key])[author_key])

        return await self._database.read(read)

    async def profiles(self, listing: Listing) -> list[Profile]:
        """See `ProfileStore.profiles`."""

        def read(connection: sqlite3.Connection) -> list[Profile]:
            statement, values = select(listing)
            found = profiles_of(listing.brand, connection.execute(statement, values))
            clusters = clusters_of(connection, listing.brand, [profile.author_key for profile in found])
            return [replace(profile, clusters=clusters[profile.author_key]) for profile in found]

        return await self._database.read(read)

    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """See `ProfileStore.features`."""
        statement = """
            SELECT author_key, body FROM profile WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
        """
        values = (brand, after or "", limit)
        return await self._database.read(lambda c: profiles_of(brand, c.execute(statement, values)))

    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """See `ProfileStore.stage`."""
        return await self._database.write(lambda connection: stage(connection, brand, basis, run_id, clusters))

    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """See `ProfileStore.publish`."""
        return await self._database.write(lambda connection: publish(connection, brand, basis, run_id, expected))

    async def embedding_lengths(self) -> dict[str, int]:
        """See `ProfileStore.embedding_lengths`."""
        return await self._database.read(lengths)

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        return await self._database.read(lambda c: rollups(c, brand, span, (start, end), voice, limit))

    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """See `ProfileStore.sample`."""
        bodies, total = await self._database.read(lambda c: sampled(c, brand, (start, end), most, voice))
        return await asyncio.to_thread(sample_of, bodies, total)

    async def posts(self, brand: str, start: int, end: int, after: Place | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.posts`."""
        return await self._database.read(lambda c: posts_by_date(c, brand, (start, end), after, limit))

    async def kept_posts(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.kept_posts`."""
        return await self._database.read(lambda c: kept_posts(c, brand, after, limit))

    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        """See `ProfileStore.kept_profiles`."""
        return await self._database.read(lambda c: kept_profiles(c, brand, after, limit))

    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        """See `ProfileStore.kept_buckets`."""
        return await self._database.read(lambda c: kept_buckets(c, brand))

    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        """See `ProfileStore.removed_authors`."""
        return await self._database.read(lambda c: removed_authors(c, brand, after, limit))

    async def erased_authors(self, after: str | None, limit: int) -> list[str]:
        """See `ProfileStore.erased_authors`."""
        return await self._database.read(lambda c: erased_authors(c, after, limit))

    async def restore_profiles(self, brand: str, profiles: Sequence[KeptProfile]) -> int:
        """See `ProfileStore.restore_profiles`."""
        return await self._database.write(lambda c: restore_profiles(c, brand, profiles))

    async def restore_buckets(self, brand: str, buckets: Sequence[KeptBucket]) -> int:
        """See `ProfileStore.restore_buckets`."""
        return await self._database.write(lambda c: restore_buckets(c, brand, buckets))

    async def restore_posts(self, brand: str, posts: Sequence[KeptPost]) -> FoldCount:
        """See `ProfileStore.restore_posts`."""
        analyzed = [(kept.post, kept.stored_at) for kept in posts if kept.post and kept.stored_at is not None]
        ready = await asyncio.to_thread(arrivals, [post for post, _ in analyzed], [moment for _, moment in analyzed])
        return await self._database.write(lambda c: restore_posts(c, brand, posts, ready))

    async def restore_removals(self, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> None:
        """See `ProfileStore.restore_removals`."""
        await self._database.write(lambda c: restore_removals(c, brand, removed, erased))

    async def check_ready(self) -> None:
        """See `ProfileStore.check_ready`."""
        await self._database.read(lambda connection: connection.execute("SELECT 1 FROM brand LIMIT 1").fetchone())
