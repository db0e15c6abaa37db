"""Profiles in an SQLite file: a post's key and its fold are one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.profiles.encoding import from_document, to_document
from services.profiles.folding import UNIT, Increment, combine, combine_all, increment_of
from services.profiles.listing import Listing, sort_fields
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.stores.base import FoldCount
from services.profiles.stores.sqlite_assignments import clusters_of, publish, stage
from services.profiles.stores.sqlite_listing import select
from shared.analyzed_post import AnalyzedPost
from shared.sqlite import SqliteDatabase

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_WRITE_PROFILE = """
INSERT INTO profile (brand, author_key, posts, last_seen, mean_rising, mean_falling, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (brand, author_key) DO UPDATE SET posts = excluded.posts, last_seen = excluded.last_seen,
    mean_rising = excluded.mean_rising, mean_falling = excluded.mean_falling, body = excluded.body
"""


class SqliteProfileStore:
    """`ProfileStore` on one database file; totals of a brand are folded along with its profiles."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database that has the schema."""
        self._database = database

    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """See `ProfileStore.fold`."""
        return await self._database.write(lambda connection: _fold(connection, brand, posts))

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`."""
        statement = "SELECT post_key FROM post WHERE brand = ? AND post_key IN (SELECT value FROM json_each(?))"
        values = (brand, json.dumps(list(post_keys)))
        rows = await self._database.read(lambda c: c.execute(statement, values).fetchall())
        return {row["post_key"] for row in rows}

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
        return [BrandSize(row["brand"], row["profiles"], _decode(row["body"]).posts) for row in rows]

    async def summary(self, brand: str) -> BrandSummary | None:
        """See `ProfileStore.summary`."""
        statement = "SELECT profiles, body FROM brand WHERE brand = ?"
        row = await self._database.read(lambda c: c.execute(statement, (brand,)).fetchone())
        if row is None:
            return None
        total = _decode(row["body"])
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
            folded = _increments(connection, brand, [author_key]).get(author_key)
            if folded is None:
                return None
            return Profile(brand, author_key, folded, clusters_of(connection, brand, [author_key])[author_key])

        return await self._database.read(read)

    async def profiles(self, listing: Listing) -> list[Profile]:
        """See `ProfileStore.profiles`."""

        def read(connection: sqlite3.Connection) -> list[Profile]:
            statement, values = select(listing)
            found = _profiles(listing.brand, connection.execute(statement, values))
            clusters = clusters_of(connection, listing.brand, [profile.author_key for profile in found])
            return [replace(profile, clusters=clusters[profile.author_key]) for profile in found]

        return await self._database.read(read)

    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """See `ProfileStore.features`."""
        statement = """
            SELECT author_key, body FROM profile WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
        """
        values = (brand, after or "", limit)
        return await self._database.read(lambda c: _profiles(brand, c.execute(statement, values)))

    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """See `ProfileStore.stage`."""
        await self._database.write(lambda connection: stage(connection, brand, basis, run_id, clusters))
        return len(clusters)

    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """See `ProfileStore.publish`."""
        return await self._database.write(lambda connection: publish(connection, brand, basis, run_id, expected))

    async def check_ready(self) -> None:
        """See `ProfileStore.check_ready`."""
        await self._database.read(lambda connection: connection.execute("SELECT 1 FROM brand LIMIT 1").fetchone())


def _fold(connection: sqlite3.Connection, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
    new = [post for post in posts if _is_new(connection, brand, post)]
    added: dict[str, Increment] = {}
    for post in new:
        added[post.author_key] = combine(added.get(post.author_key, UNIT), increment_of(post))
    known = _increments(connection, brand, added)
    for author_key, increment in added.items():
        _write(connection, Profile(brand, author_key, combine(known.get(author_key, UNIT), increment)))
        _speak(connection, brand, author_key, increment.languages)
    if new:
        _add_to_brand(connection, brand, len(added) - len(known), combine_all(added.values()))
    return FoldCount(len(new), len(posts) - len(new))


def _is_new(connection: sqlite3.Connection, brand: str, post: AnalyzedPost) -> bool:
    statement = "INSERT OR IGNORE INTO post (brand, post_key, author_key, key_version) VALUES (?, ?, ?, ?)"
    values = (brand, post.post_key, post.author_key, post.key_version)
    return connection.execute(statement, values).rowcount == 1


def _increments(connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]) -> dict[str, Increment]:
    statement = """
        SELECT author_key, body FROM profile WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    rows = connection.execute(statement, (brand, json.dumps(list(author_keys))))
    return {row["author_key"]: _decode(row["body"]) for row in rows}


def _write(connection: sqlite3.Connection, profile: Profile) -> None:
    order = sort_fields(profile)
    values = (
        profile.brand,
        profile.author_key,
        profile.folded.posts,
        profile.folded.last_seen,
        order["mean_rising"],
        order["mean_falling"],
        _encode(profile.folded),
    )
    connection.execute(_WRITE_PROFILE, values)


def _speak(connection: sqlite3.Connection, brand: str, author_key: str, languages: Iterable[str]) -> None:
    statement = "INSERT OR IGNORE INTO spoken (brand, author_key, language) VALUES (?, ?, ?)"
    connection.executemany(statement, [(brand, author_key, language) for language in languages])


def _add_to_brand(connection: sqlite3.Connection, brand: str, profiles: int, added: Increment) -> None:
    row = connection.execute("SELECT profiles, body FROM brand WHERE brand = ?", (brand,)).fetchone()
    before = _decode(row["body"]) if row else UNIT
    total = replace(combine(before, added), figures={})
    connection.execute(
        "INSERT OR REPLACE INTO brand (brand, profiles, body) VALUES (?, ?, ?)",
        (brand, (row["profiles"] if row else 0) + profiles, _encode(total)),
    )


def _profiles(brand: str, rows: Iterable[Any]) -> list[Profile]:
    return [Profile(brand, row["author_key"], _decode(row["body"])) for row in rows]


def _encode(increment: Increment) -> str:
    return _COMPACT.encode(to_document(increment))


def _decode(body: str) -> Increment:
    return from_document(json.loads(body))
