"""Rows of profiles read for a backup, and taken over from one; each function is part of a caller's transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from services.profiles.arrival import Arrival
from services.profiles.author_sketch import without
from services.profiles.folding import LATEST
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, RemovedAuthor
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import FoldCount
from services.profiles.stores.sqlite_assignments import clusters_of, restore_clusters
from services.profiles.stores.sqlite_buckets import add_buckets, has_buckets, take_from_buckets
from services.profiles.stores.sqlite_embeddings import embeddings_of, note_lengths
from services.profiles.stores.sqlite_folding import (
    TOMBSTONE,
    Ledgers,
    erased_of,
    fold,
    known_keys,
    put_keys,
    removed_through,
)
from services.profiles.stores.sqlite_profiles import change_brand, increments, profiles_of, speak, write_profiles


def kept_profiles(connection: sqlite3.Connection, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
    """Return a page of profiles with embeddings and published clusters, by author."""
    statement = """
        SELECT author_key, profile.body, coalesce(remnant.posts, 0) AS remnants
        FROM profile LEFT JOIN remnant USING (brand, author_key)
        WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
    """
    rows = connection.execute(statement, (brand, after or "", limit)).fetchall()
    authors = [row["author_key"] for row in rows]
    embeddings, clusters = embeddings_of(connection, brand, authors), clusters_of(connection, brand, authors)
    return [
        KeptProfile(
            Profile(
                brand,
                profile.author_key,
                replace(profile.folded, embeddings=embeddings.get(profile.author_key, {})),
                clusters[profile.author_key],
            ),
            row["remnants"],
        )
        for profile, row in zip(profiles_of(brand, rows), rows, strict=True)
    ]


def removed_authors(connection: sqlite3.Connection, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
    """Return a page of the authors who were removed from the brand."""
    statement = """
        SELECT author_key, through FROM removed_author WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
    """
    rows = connection.execute(statement, (brand, after or "", limit))
    return [RemovedAuthor(row["author_key"], row["through"]) for row in rows]


def erased_authors(connection: sqlite3.Connection, after: str | None, limit: int) -> list[str]:
    """Return a page of the authors who were erased."""
    rows = connection.execute(
        "SELECT author_key FROM erased WHERE author_key > ? ORDER BY author_key LIMIT ?", (after or "", limit)
    )
    return [row["author_key"] for row in rows]


def restore_profiles(connection: sqlite3.Connection, brand: str, profiles: Sequence[KeptProfile]) -> int:
    """Take over profiles of authors who are new here, unless the brand has some of its own."""
    if not _restored(connection, brand, "profiles"):
        if connection.execute("SELECT 1 FROM brand WHERE brand = ?", (brand,)).fetchone() is not None:
            return 0
        connection.execute("INSERT INTO restoration (brand, part) VALUES (?, 'profiles')", (brand,))
    authors = [kept.profile.author_key for kept in profiles]
    passed = {*increments(connection, brand, authors), *erased_of(connection, authors)}
    gone = removed_through(connection, brand, authors)
    # A profile that reaches back to what is removed is older than the removal.
    new = [
        kept
        for kept in profiles
        if kept.profile.author_key not in passed
        and kept.profile.folded.first_seen > gone.get(kept.profile.author_key, -LATEST)
    ]
    if not new:
        return 0
    write_profiles(connection, [replace(kept.profile, brand=brand) for kept in new])
    sums = (total for kept in new for total in kept.profile.folded.embeddings.items())
    note_lengths(connection, {version: one.dimensions for version, one in sums})
    speak(
        connection,
        [(brand, kept.profile.author_key, name) for kept in new for name in kept.profile.folded.languages],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO remnant (brand, author_key, posts) VALUES (?, ?, ?)",
        [(brand, kept.profile.author_key, kept.remnants) for kept in new if kept.remnants],
    )
    restore_clusters(connection, brand, {kept.profile.author_key: kept.profile.clusters for kept in new})
    change_brand(connection, brand, len(new), [], [kept.profile.folded for kept in new])
    return len(new)


def restore_buckets(connection: sqlite3.Connection, brand: str, buckets: Sequence[KeptBucket]) -> int:
    """Take over buckets, unless the brand has some of its own."""
    if not _restored(connection, brand, "buckets"):
        if has_buckets(connection, brand):
            return 0
        connection.execute("INSERT INTO restoration (brand, part) VALUES (?, 'buckets')", (brand,))
    gone = [row["author_key"] for row in connection.execute("SELECT author_key FROM erased")]
    return add_buckets(
        connection,
        brand,
        [
            KeptBucket(kept.key, replace(kept.rollup, authors=without(kept.rollup.authors, gone))) if gone else kept
            for kept in buckets
        ],
    )


def restore_posts(
    connection: sqlite3.Connection, brand: str, posts: Sequence[KeptPost], analyzed: Sequence[Arrival]
) -> FoldCount:
    """Take over posts, each once; `analyzed` are those of them that have a text, made ready."""
    ledgers = Ledgers(
        profiles=not _restored(connection, brand, "profiles"), buckets=not _restored(connection, brand, "buckets")
    )
    refused = [] if ledgers.buckets else _refused(connection, brand, analyzed)
    folded = fold(connection, brand, analyzed, ledgers)
    if refused:
        parts = rolled_up((one.post.voice, one.post.author_key, one.adds) for one in refused)
        authors = {one.post.author_key for one in refused}
        take_from_buckets(connection, brand, {key: (part, authors) for key, part in parts.items()})
    bare = {kept.post_key: kept for kept in posts if not kept.post}
    known = known_keys(connection, brand, bare)
    erased = erased_of(connection, {kept.author_key for kept in bare.values() if kept.author_key})
    new = [kept for key, kept in bare.items() if key not in known and kept.author_key not in erased]
    put_keys(connection, [(brand, kept.post_key, kept.author_key or TOMBSTONE, kept.key_version) for kept in new])
    return FoldCount(folded + len(new), len(posts) - folded - len(new))


def _refused(connection: sqlite3.Connection, brand: str, analyzed: Sequence[Arrival]) -> list[Arrival]:
    """Return posts of authors who were removed after the backup was made: its buckets hold them still."""
    gone = removed_through(connection, brand, {one.post.author_key for one in analyzed})
    buried = [one for one in analyzed if one.adds.first_seen <= gone.get(one.post.author_key, -LATEST)]
    known = known_keys(connection, brand, [one.post.post_key for one in buried])
    return [one for one in buried if one.post.post_key not in known]


def restore_removals(
    connection: sqlite3.Connection, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]
) -> None:
    """Take over who was removed and erased."""
    known = removed_through(connection, brand, [author.author_key for author in removed])
    connection.executemany(
        "INSERT OR REPLACE INTO removed_author (brand, author_key, through) VALUES (?, ?, ?)",
        [
            (brand, author.author_key, max(author.through, known.get(author.author_key, author.through)))
            for author in removed
        ],
    )
    connection.executemany("INSERT OR IGNORE INTO erased (author_key) VALUES (?)", [(author,) for author in erased])


def _restored(connection: sqlite3.Connection, brand: str, part: str) -> bool:
    statement = "SELECT 1 FROM restoration WHERE brand = ? AND part = ?"
    return connection.execute(statement, (brand, part)).fetchone() is not None
