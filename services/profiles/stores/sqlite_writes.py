"""What rules want written, written to SQLite; each function is part of a caller's transaction."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from pydantic_core import to_json

from services.profiles.encoding import to_body_text, to_bucket, to_document
from services.profiles.folding import UNIT, Increment, combine, subtract
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.rollup import Rollup
from services.profiles.stores.sqlite_assignments import remove_authors, restore_clusters
from services.profiles.stores.sqlite_features import save_embedding_uses, save_features
from services.profiles.stores.sqlite_reads import decode
from services.profiles.stores.state import TOMBSTONE, Arrival, Changes, KnownAuthor, ShardedKey

OF_AUTHOR = (
    "profile",
    "feature",
    "analyzed_post",
    "remnant",
    "removed_author",
    "spoken",
    "embedding_sum",
)
"""The tables that know an author of a brand, but for the keys of posts and for assignments."""
_IN = "IN (SELECT value FROM json_each(?))"
_WRITE_PROFILE = """
INSERT INTO profile (brand, author_key, posts, last_seen, mean_falling, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (brand, author_key) DO UPDATE SET posts = excluded.posts, last_seen = excluded.last_seen,
    mean_falling = excluded.mean_falling, body = excluded.body
"""
_WRITE_SUM = """
INSERT INTO embedding_sum (brand, author_key, version, posts, sums) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (brand, author_key, version) DO UPDATE SET posts = excluded.posts, sums = excluded.sums
"""
_WRITE_BUCKET = """
INSERT INTO bucket (brand, span, start, voice, body, theta, authors) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (brand, span, start, voice)
DO UPDATE SET body = excluded.body, theta = excluded.theta, authors = excluded.authors
"""
_WRITE_POST = """
INSERT INTO analyzed_post (brand, author_key, post_key, hour, voice, stored_at, body, embedding)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def save(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    """Write what a rule returned."""
    _keep_keys(connection, brand, changes)
    connection.executemany(_WRITE_POST, [_post_row(brand, one) for one in changes.posts])
    _bury(connection, brand, changes)
    _write_authors(connection, brand, changes)
    _write_buckets(connection, brand, changes.buckets)
    connection.executemany(
        "INSERT OR IGNORE INTO embedding_version (version, dimensions) VALUES (?, ?)", list(changes.lengths.items())
    )
    connection.executemany(
        "INSERT INTO restoration (brand, part) VALUES (?, ?)", [(brand, part) for part in changes.parts]
    )
    connection.executemany("INSERT OR IGNORE INTO erased (author_key) VALUES (?)", [(one,) for one in changes.erased])
    if changes.clusters:
        restore_clusters(connection, brand, changes.clusters)
    if changes.more.posts or changes.less.posts:
        _change_brand(connection, brand, changes)


def _keep_keys(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    rows = [
        *((brand, post_key, TOMBSTONE, version) for post_key, version in changes.tombstones),
        *((brand, post_key, author_key, version) for post_key, author_key, version in changes.keys),
        *((brand, one.post.post_key, one.post.author_key, one.post.key_version) for one in changes.posts),
    ]
    connection.executemany("INSERT INTO post (brand, post_key, author_key, key_version) VALUES (?, ?, ?, ?)", rows)


def _post_row(brand: str, one: Arrival) -> tuple[object, ...]:
    post, body = one.post, to_body_text(one.post)
    return (brand, post.author_key, post.post_key, one.adds.first_seen, post.voice, one.stored_at, body, one.embedding)


def _bury(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    for post_keys in changes.buried.values():
        statement = f"UPDATE post SET author_key = ? WHERE brand = ? AND post_key {_IN}"  # noqa: S608 - our own
        connection.execute(statement, (TOMBSTONE, brand, json.dumps(post_keys)))
    for author_key, post_keys in (*changes.buried.items(), *changes.expired.items()):
        statement = f"DELETE FROM analyzed_post WHERE brand = ? AND author_key = ? AND post_key {_IN}"  # noqa: S608 - our own
        connection.execute(statement, (brand, author_key, json.dumps(post_keys)))


def _write_authors(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    changed = {key: pair for key, pair in changes.authors.items() if key not in changes.forgotten}
    folded = {key: after.folded for key, (before, after) in changed.items() if after.folded is not before.folded}
    profiles = [Profile(brand, key, one) for key, one in folded.items() if one.posts]
    connection.executemany(_WRITE_PROFILE, [_profile_row(one) for one in profiles])
    if changes.changes_profiles:
        save_features(connection, brand, profiles)
        save_embedding_uses(connection, brand, changes)
    _write_belongings(connection, brand, changed)
    gone = [(brand, key) for key, one in folded.items() if not one.posts]
    for table in ("profile", "feature", "embedding_sum"):
        connection.executemany(f"DELETE FROM {table} WHERE brand = ? AND author_key = ?", gone)  # noqa: S608 - our own
    remove_authors(connection, brand, [*changes.forgotten, *(key for _, key in gone)])
    for table in OF_AUTHOR if changes.forgotten else ():
        statement = f"DELETE FROM {table} WHERE brand = ? AND author_key = ?"  # noqa: S608 - our own
        connection.executemany(statement, [(brand, key) for key in changes.forgotten])


def _profile_row(profile: Profile) -> tuple[object, ...]:
    folded, mean = profile.folded, sort_fields(profile)["mean_falling"]
    return (profile.brand, profile.author_key, folded.posts, folded.last_seen, mean, encode(folded))


def _write_belongings(
    connection: sqlite3.Connection, brand: str, changed: Mapping[str, tuple[KnownAuthor, KnownAuthor]]
) -> None:
    """Write what has tables of its own: sums of embeddings, languages, remnants, and up to when posts are gone."""
    sums: list[tuple[object, ...]] = []
    dropped: list[tuple[str, str, str]] = []
    spoken: list[tuple[str, str, str]] = []
    silent: list[tuple[str, str, str]] = []
    remnants: list[tuple[str, str, int]] = []
    through: list[tuple[str, str, int]] = []
    for key, (before, after) in changed.items():
        old, new = before.folded, after.folded
        for version, total in new.embeddings.items():
            if total is not old.embeddings.get(version):
                sums.append((brand, key, version, total.posts, total.sums))
        spoken += [(brand, key, language) for language in new.languages.keys() - old.languages.keys()]
        if new.posts < old.posts:
            dropped += [(brand, key, version) for version in old.embeddings if version not in new.embeddings]
            silent += [(brand, key, language) for language in old.languages if language not in new.languages]
        if after.remnants != before.remnants:
            remnants.append((brand, key, after.remnants))
        if after.through != before.through:
            through.append((brand, key, after.through))
    connection.executemany(_WRITE_SUM, sums)
    connection.executemany("INSERT OR IGNORE INTO spoken (brand, author_key, language) VALUES (?, ?, ?)", spoken)
    if dropped or silent or remnants or through:
        drop = "DELETE FROM embedding_sum WHERE brand = ? AND author_key = ? AND version = ?"
        connection.executemany(drop, dropped)
        forget = "DELETE FROM spoken WHERE brand = ? AND author_key = ? AND language = ?"
        connection.executemany(forget, silent)
        write = "INSERT OR REPLACE INTO remnant (brand, author_key, posts) VALUES (?, ?, ?)"
        connection.executemany(write, [row for row in remnants if row[2]])
        forget = "DELETE FROM remnant WHERE brand = ? AND author_key = ?"
        connection.executemany(forget, [row[:2] for row in remnants if not row[2]])
        write = "INSERT OR REPLACE INTO removed_author (brand, author_key, through) VALUES (?, ?, ?)"
        connection.executemany(write, through)


def _write_buckets(connection: sqlite3.Connection, brand: str, buckets: Mapping[ShardedKey, Rollup]) -> None:
    kept = [
        (brand, key.span, key.start, key.voice, _json(to_bucket(one)), one.authors.theta, one.authors.numbers)
        for (key, _), one in buckets.items()
        if one.posts
    ]
    connection.executemany(_WRITE_BUCKET, kept)
    connection.executemany(
        "DELETE FROM bucket WHERE brand = ? AND span = ? AND start = ? AND voice = ?",
        [(brand, key.span, key.start, key.voice) for (key, _), one in buckets.items() if not one.posts],
    )


def _change_brand(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    """Change the brand's totals, when its profiles are written: a lost first or last hour is looked up among them."""
    row = connection.execute("SELECT profiles, body FROM brand WHERE brand = ?", (brand,)).fetchone()
    total = combine(decode(row["body"]) if row else UNIT, changes.more)
    if changes.less.posts:
        total = _with_hours(connection, brand, subtract(total, changes.less), changes)
    if not total.posts:
        connection.execute("DELETE FROM brand WHERE brand = ?", (brand,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO brand (brand, profiles, body) VALUES (?, ?, ?)",
        (brand, (row["profiles"] if row else 0) + changes.profiles, encode(total)),
    )


def _with_hours(connection: sqlite3.Connection, brand: str, total: Increment, changes: Changes) -> Increment:
    less, more = changes.less, changes.more
    if less.last_seen == total.last_seen != more.last_seen:
        statement = "SELECT max(last_seen) FROM profile WHERE brand = ?"
        total = replace(total, last_seen=connection.execute(statement, (brand,)).fetchone()[0])
    if less.first_seen == total.first_seen != more.first_seen:
        # No index has it: a scan of the brand, but only where its very first hour loses a post.
        statement = "SELECT min(json_extract(body, '$.first_seen')) FROM profile WHERE brand = ?"
        total = replace(total, first_seen=connection.execute(statement, (brand,)).fetchone()[0])
    return total


def encode(increment: Increment) -> str:
    """Return an increment as JSON, without its embeddings."""
    return _json(to_document(increment))


def _json(document: object) -> str:
    """Return a document as JSON; pydantic's encoder takes a third of the time of the standard one."""
    return to_json(document).decode()
