"""What rules want to know, read from SQLite; each function is part of a caller's transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic_core import from_json

from services.profiles.author_sketch import AuthorSketch
from services.profiles.embedding import Embeddings, EmbeddingSum, sum_of
from services.profiles.encoding import from_body, from_bucket, from_document
from services.profiles.folding import UNIT, Increment, adds_of
from services.profiles.rollup import BucketKey, Rollup
from services.profiles.stores.state import (
    FIRST_SHARD,
    NEVER,
    Counted,
    KnownAuthor,
    Loaded,
    Part,
    PostsOf,
    ShardedKey,
    Wanted,
)
from shared.analyzed_post import Voice
from shared.documents.unreadable_row import read_row

PAGE = 500
BUCKET_COLUMNS = "voice, span, start, body, theta, authors"
_IN = "IN (SELECT value FROM json_each(?))"
_TABLES: dict[Part, str] = {"profiles": "brand", "buckets": "bucket"}


def load(connection: sqlite3.Connection, brand: str, wanted: Wanted) -> Loaded:
    """Return what a rule wants to know of a brand."""
    return Loaded(
        known=known_posts(connection, brand, wanted.post_keys),
        authors=_authors(connection, brand, wanted.authors, remnants=bool(wanted.hours)) if wanted.authors else {},
        posts=_posts(connection, brand, wanted.posts),
        hours={author_key: _hours(connection, brand, author_key) for author_key in wanted.hours},
        buckets=_buckets(connection, brand, wanted),
        lengths=lengths(connection) if wanted.lengths else {},
        parts=_restored(connection, brand) if wanted.parts else (),
        present=[part for part in _TABLES if _has(connection, brand, part)] if wanted.parts else (),
        assignments=_assignments(connection, brand, wanted.assignments) if wanted.assignments else 0,
    )


def known_posts(connection: sqlite3.Connection, brand: str, post_keys: Collection[str]) -> dict[str, str]:
    """Return the author of each of the posts that is known; one that is removed has none."""
    if not post_keys:
        return {}
    statement = f"SELECT post_key, author_key FROM post WHERE brand = ? AND post_key {_IN}"  # noqa: S608 - our own
    rows = connection.execute(statement, (brand, json.dumps(list(post_keys))))
    return {row["post_key"]: row["author_key"] for row in rows}


def lengths(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many numbers the embeddings of each known version have."""
    rows = connection.execute("SELECT version, dimensions FROM embedding_version")
    return {row["version"]: row["dimensions"] for row in rows}


def increments(connection: sqlite3.Connection, brand: str, author_keys: Collection[str]) -> dict[str, Increment]:
    """Return the profiles of those authors who have one, with their embeddings."""
    statement = f"SELECT author_key, body FROM profile WHERE brand = ? AND author_key {_IN}"  # noqa: S608 - our own
    rows = connection.execute(statement, (brand, json.dumps(list(author_keys)))).fetchall()
    embeddings = embeddings_of(connection, brand, [row["author_key"] for row in rows])
    return {
        row["author_key"]: read_row(
            "profile", row["author_key"], partial(decode, row["body"], embeddings.get(row["author_key"]))
        )
        for row in rows
    }


def embeddings_of(
    connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]
) -> dict[str, dict[str, EmbeddingSum]]:
    """Return the sums of those authors who have any, by version."""
    statement = f"SELECT author_key, version, posts, sums FROM embedding_sum WHERE brand = ? AND author_key {_IN}"  # noqa: S608 - our own
    found: dict[str, dict[str, EmbeddingSum]] = {}
    for row in connection.execute(statement, (brand, json.dumps(list(author_keys)))):
        found.setdefault(row["author_key"], {})[row["version"]] = EmbeddingSum(row["posts"], row["sums"])
    return found


def decode(body: str, embeddings: Embeddings | None = None) -> Increment:
    """Return the increment of a row's body, with its embeddings where they were read."""
    return from_document(from_json(body), embeddings)


def sharded_key(row: Any) -> ShardedKey:
    """Return the key of a bucket's row; there are no shards here."""
    return BucketKey(row["voice"], row["span"], row["start"]), FIRST_SHARD


def rollup_of_row(row: Any) -> Rollup:
    """Return what a bucket's row holds."""
    name = f"{row['span']}|{row['start']}|{row['voice']}"
    return read_row(
        "bucket", name, lambda: from_bucket(json.loads(row["body"]), AuthorSketch(row["authors"], row["theta"]))
    )


def _authors(
    connection: sqlite3.Connection, brand: str, author_keys: Collection[str], *, remnants: bool
) -> dict[str, KnownAuthor]:
    names = json.dumps(list(author_keys))

    def by_author(statement: str) -> dict[str, int]:
        return {row[0]: row[1] for row in connection.execute(f"{statement} AND author_key {_IN}", (brand, names))}

    statement = f"SELECT author_key FROM erased WHERE author_key {_IN}"  # noqa: S608 - our own
    erased = {row["author_key"] for row in connection.execute(statement, (names,))}
    through = by_author("SELECT author_key, through FROM removed_author WHERE brand = ?")
    left = by_author("SELECT author_key, posts FROM remnant WHERE brand = ?") if remnants else {}
    folded = increments(connection, brand, author_keys)
    return {
        key: KnownAuthor(folded.get(key, UNIT), left.get(key, 0), through.get(key, NEVER), key in erased)
        for key in author_keys
    }


def _posts(connection: sqlite3.Connection, brand: str, wanted: Sequence[PostsOf]) -> dict[str, dict[str, Counted]]:
    found: dict[str, dict[str, Counted]] = {}
    for one in wanted:
        found.setdefault(one.author_key, {}).update(_posts_of(connection, brand, one))
    return found


def _posts_of(connection: sqlite3.Connection, brand: str, wanted: PostsOf) -> dict[str, Counted]:
    conditions, values = ["brand = ?", "author_key = ?"], list[Any]([brand, wanted.author_key])
    if wanted.post_keys is not None:
        conditions.append(f"post_key {_IN}")
        values.append(json.dumps(list(wanted.post_keys)))
    if wanted.hours is not None:
        conditions.append(f"hour {_IN}")
        values.append(json.dumps(list(wanted.hours)))
    # The inner search goes by the index alone, in which such wide rows are narrow.
    statement = f"""
        SELECT post_key, voice, body, embedding FROM analyzed_post WHERE rowid IN (
            SELECT rowid FROM analyzed_post WHERE {" AND ".join(conditions)} LIMIT ?)
    """  # noqa: S608 - our own
    rows = connection.execute(statement, (*values, -1 if wanted.limit is None else wanted.limit))
    return {row["post_key"]: Counted(row["voice"], FIRST_SHARD, _adds(row)) for row in rows}


def _adds(row: Any) -> Increment:
    body, embedding = from_json(row["body"]), row["embedding"]
    adds = adds_of(from_body(body, None), None)
    return replace(adds, embeddings={body["embedding_version"]: sum_of(embedding)}) if embedding is not None else adds


def _hours(connection: sqlite3.Connection, brand: str, author_key: str) -> Counter[tuple[Voice, int]]:
    statement = """
        SELECT voice, hour, count(*) FROM analyzed_post WHERE brand = ? AND author_key = ? GROUP BY voice, hour
    """
    return Counter({(row[0], row[1]): row[2] for row in connection.execute(statement, (brand, author_key))})


def _buckets(connection: sqlite3.Connection, brand: str, wanted: Wanted) -> dict[ShardedKey, Rollup]:
    if wanted.buckets_after is not None:
        key = None if wanted.buckets_after == "first" else wanted.buckets_after[0]
        statement = f"""
            SELECT {BUCKET_COLUMNS} FROM bucket WHERE brand = ? AND (span, start, voice) > (?, ?, ?)
            ORDER BY span, start, voice LIMIT ?
        """  # noqa: S608 - our own
        place = (key.span, key.start, key.voice) if key else ("", NEVER, "")
        rows = connection.execute(statement, (brand, *place, PAGE))
        return {sharded_key(row): rollup_of_row(row) for row in rows}
    statement = f"SELECT {BUCKET_COLUMNS} FROM bucket WHERE brand = ? AND span = ? AND start = ? AND voice = ?"  # noqa: S608 - our own
    found: dict[ShardedKey, Rollup] = {}
    for key in wanted.buckets:
        row = connection.execute(statement, (brand, key.span, key.start, key.voice)).fetchone()
        if row:
            found[key, FIRST_SHARD] = rollup_of_row(row)
    return found


def _restored(connection: sqlite3.Connection, brand: str) -> list[Part]:
    return [row["part"] for row in connection.execute("SELECT part FROM restoration WHERE brand = ?", (brand,))]


def _has(connection: sqlite3.Connection, brand: str, part: Part) -> bool:
    statement = f"SELECT 1 FROM {_TABLES[part]} WHERE brand = ? LIMIT 1"  # noqa: S608 - our own
    return connection.execute(statement, (brand,)).fetchone() is not None


def _assignments(connection: sqlite3.Connection, brand: str, author_key: str) -> int:
    statement = """
        SELECT count(*) FROM assigned_run CROSS JOIN assignment USING (brand, basis, run_id)
        WHERE brand = ? AND author_key = ?
    """
    return int(connection.execute(statement, (brand, author_key)).fetchone()[0])
