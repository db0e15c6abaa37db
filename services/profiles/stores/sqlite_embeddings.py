"""Sums of embeddings in SQLite, beside the profiles: whoever lists profiles reads none of these bytes."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from services.profiles.embedding import EmbeddingSum
from services.profiles.embedding_lengths import refuse_other_lengths
from services.profiles.profile import Profile
from shared.analyzed_post import AnalyzedPost


def settle_lengths(connection: sqlite3.Connection, posts: Sequence[AnalyzedPost]) -> None:
    """Note the lengths of versions that are new; raises InputError where a post's embedding has another."""
    if all(post.embedding_version is None for post in posts):
        return
    note_lengths(connection, refuse_other_lengths(posts, lengths(connection)))


def lengths(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many numbers the embeddings of each known version have."""
    rows = connection.execute("SELECT version, dimensions FROM embedding_version")
    return {row["version"]: row["dimensions"] for row in rows}


def note_lengths(connection: sqlite3.Connection, found: Mapping[str, int]) -> None:
    """Note the lengths of versions, where they are not known yet."""
    statement = "INSERT OR IGNORE INTO embedding_version (version, dimensions) VALUES (?, ?)"
    connection.executemany(statement, list(found.items()))


def embeddings_of(
    connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]
) -> dict[str, dict[str, EmbeddingSum]]:
    """Return the sums of those authors who have any, by version."""
    statement = """
        SELECT author_key, version, posts, sums FROM embedding_sum
        WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    found: dict[str, dict[str, EmbeddingSum]] = {}
    for row in connection.execute(statement, (brand, json.dumps(list(author_keys)))):
        found.setdefault(row["author_key"], {})[row["version"]] = EmbeddingSum(row["posts"], row["sums"])
    return found


def write_embeddings(connection: sqlite3.Connection, profiles: Iterable[Profile]) -> None:
    """Put the sums of these profiles in place of what was there of the same versions."""
    connection.executemany(
        """
        INSERT INTO embedding_sum (brand, author_key, version, posts, sums) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (brand, author_key, version) DO UPDATE SET posts = excluded.posts, sums = excluded.sums
        """,
        [
            (profile.brand, profile.author_key, version, total.posts, total.sums)
            for profile in profiles
            for version, total in profile.folded.embeddings.items()
        ],
    )


def drop_embeddings(connection: sqlite3.Connection, brand: str, author_key: str, versions: Iterable[str]) -> None:
    """Remove an author's sums of these versions."""
    statement = "DELETE FROM embedding_sum WHERE brand = ? AND author_key = ? AND version = ?"
    connection.executemany(statement, [(brand, author_key, version) for version in versions])
