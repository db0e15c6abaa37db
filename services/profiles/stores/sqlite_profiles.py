"""The rows of profiles and brands in SQLite, read and written; each function is part of a caller's transaction."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json

from services.profiles.embedding import Embeddings
from services.profiles.encoding import from_document, to_document
from services.profiles.folding import UNIT, Increment, combine, combine_all, subtract
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.stores.sqlite_embeddings import embeddings_of, write_embeddings

_WRITE_PROFILE = """
INSERT INTO profile (brand, author_key, posts, last_seen, mean_rising, mean_falling, body)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (brand, author_key) DO UPDATE SET posts = excluded.posts, last_seen = excluded.last_seen,
    mean_rising = excluded.mean_rising, mean_falling = excluded.mean_falling, body = excluded.body
"""


def increments(connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]) -> dict[str, Increment]:
    """Return the profiles of those authors who have one, with their embeddings."""
    statement = """
        SELECT author_key, body FROM profile WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    rows = connection.execute(statement, (brand, json.dumps(list(author_keys)))).fetchall()
    embeddings = embeddings_of(connection, brand, [row["author_key"] for row in rows])
    return {row["author_key"]: decode(row["body"], embeddings.get(row["author_key"])) for row in rows}


def write_profiles(connection: sqlite3.Connection, profiles: Sequence[Profile]) -> None:
    """Put the profiles in place of what was there."""
    connection.executemany(_WRITE_PROFILE, [_row(profile) for profile in profiles])
    write_embeddings(connection, profiles)


def delete_profile(connection: sqlite3.Connection, brand: str, author_key: str) -> None:
    """Remove the profile."""
    connection.execute("DELETE FROM profile WHERE brand = ? AND author_key = ?", (brand, author_key))
    connection.execute("DELETE FROM embedding_sum WHERE brand = ? AND author_key = ?", (brand, author_key))


def speak(connection: sqlite3.Connection, spoken: Iterable[tuple[str, str, str]]) -> None:
    """Keep for the list's filter which author (of a brand) wrote in which language."""
    connection.executemany("INSERT OR IGNORE INTO spoken (brand, author_key, language) VALUES (?, ?, ?)", spoken)


def fall_silent(connection: sqlite3.Connection, brand: str, author_key: str, languages: Iterable[str]) -> None:
    """Forget that the author wrote in these languages."""
    statement = "DELETE FROM spoken WHERE brand = ? AND author_key = ? AND language = ?"
    connection.executemany(statement, [(brand, author_key, language) for language in languages])


def change_brand(
    connection: sqlite3.Connection,
    brand: str,
    profiles: int,
    before: Iterable[Increment],
    after: Iterable[Increment],
) -> None:
    """Change the brand's totals by so many profiles, and by what some of its profiles held before and hold now.

    Called once, when all those profiles are written: where the brand's first or last hour was theirs, it is looked
    up anew.
    """
    row = connection.execute("SELECT profiles, body FROM brand WHERE brand = ?", (brand,)).fetchone()
    lost, won = _total(before), _total(after)
    total = combine(decode(row["body"]) if row else UNIT, won)
    if lost.posts:
        total = _with_hours(connection, brand, subtract(total, lost), lost, won)
    if not total.posts:
        connection.execute("DELETE FROM brand WHERE brand = ?", (brand,))
        return
    connection.execute(
        "INSERT OR REPLACE INTO brand (brand, profiles, body) VALUES (?, ?, ?)",
        (brand, (row["profiles"] if row else 0) + profiles, _encode(total)),
    )


def profiles_of(brand: str, rows: Iterable[Any]) -> list[Profile]:
    """Return the profiles in rows that have `author_key` and `body`, without their embeddings."""
    return [Profile(brand, row["author_key"], decode(row["body"])) for row in rows]


def decode(body: str, embeddings: Embeddings | None = None) -> Increment:
    """Return the increment of a row's body, with its embeddings where they were read."""
    return from_document(from_json(body), embeddings)


def _total(increments: Iterable[Increment]) -> Increment:
    """Return the sum of profiles without what a brand has none of: figures of an account, embeddings."""
    return combine_all(increments, of_author=False)


def _row(profile: Profile) -> tuple[str, str, int, int, float, float, str]:
    folded, order = profile.folded, sort_fields(profile)
    names = (profile.brand, profile.author_key)
    return (*names, folded.posts, folded.last_seen, order["mean_rising"], order["mean_falling"], _encode(folded))


def encode(document: dict[str, Any]) -> str:
    """Return a document as JSON; pydantic's encoder takes a third of the time of the standard one."""
    return to_json(document).decode()


def _encode(increment: Increment) -> str:
    return encode(to_document(increment))


def _with_hours(
    connection: sqlite3.Connection, brand: str, total: Increment, before: Increment, after: Increment
) -> Increment:
    if before.last_seen == total.last_seen != after.last_seen:
        statement = "SELECT max(last_seen) FROM profile WHERE brand = ?"
        total = replace(total, last_seen=connection.execute(statement, (brand,)).fetchone()[0])
    if before.first_seen == total.first_seen != after.first_seen:
        # No index has it: a scan of the brand, but only where its very first hour loses a post.
        statement = "SELECT min(json_extract(body, '$.first_seen')) FROM profile WHERE brand = ?"
        total = replace(total, first_seen=connection.execute(statement, (brand,)).fetchone()[0])
    return total
