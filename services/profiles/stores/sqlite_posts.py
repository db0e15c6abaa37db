"""Posts with text and analysis in SQLite: kept, read by author and by date, and forgotten when their time is over."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json

from services.profiles.arrival import Arrival
from services.profiles.embedding import sum_of
from services.profiles.encoding import from_body, to_body_text
from services.profiles.folding import Increment, adds_of
from services.profiles.kept import KeptPost, Place, Sample
from shared.analyzed_post import AnalyzedPost, Voice


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one post added to its author's profile, and in which voice."""

    voice: Voice
    author_key: str
    adds: Increment


_COLUMNS = "post_key, author_key, stored_at, body, embedding"
_FIRST_PLACE = Place(-1, "")


def keep_posts(connection: sqlite3.Connection, brand: str, arrivals: Iterable[Arrival]) -> None:
    """Keep posts, each with the moment from which its time is counted."""
    connection.executemany(
        """
        INSERT INTO analyzed_post (brand, author_key, post_key, hour, voice, stored_at, body, embedding)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (
                brand,
                one.post.author_key,
                one.post.post_key,
                one.adds.first_seen,
                one.post.voice,
                one.stored_at,
                to_body_text(one.post),
                one.embedding,
            )
            for one in arrivals
        ],
    )


def posts_of(connection: sqlite3.Connection, brand: str, author_key: str) -> dict[str, Contribution]:
    """Return what each post of an author that is not expired added, by its key."""
    statement = """
        SELECT post_key, author_key, voice, body, embedding FROM analyzed_post WHERE brand = ? AND author_key = ?
    """
    return {row["post_key"]: _contribution(row) for row in connection.execute(statement, (brand, author_key))}


def drop_posts(connection: sqlite3.Connection, brand: str, author_key: str, post_keys: Iterable[str]) -> None:
    """Forget text and analysis of these posts of an author."""
    statement = """
        DELETE FROM analyzed_post WHERE brand = ? AND author_key = ? AND post_key IN (SELECT value FROM json_each(?))
    """
    connection.execute(statement, (brand, author_key, json.dumps(list(post_keys))))


def sweep(connection: sqlite3.Connection, before: int, most: int) -> int:
    """Forget text and analysis of posts that were stored before a moment."""
    statement = """
        DELETE FROM analyzed_post WHERE rowid IN (
            SELECT rowid FROM analyzed_post WHERE stored_at < ? ORDER BY stored_at LIMIT ?)
    """
    return connection.execute(statement, (before, most)).rowcount


def sampled(
    connection: sqlite3.Connection, brand: str, stretch: tuple[int, int], most: int, voice: Voice | None
) -> tuple[list[str], int]:
    """Return the posts of a stretch with the lowest keys, as they are kept, and how many there are in all."""
    during = "FROM analyzed_post WHERE brand = ? AND hour >= ? AND hour < ?" + (" AND voice = ?" if voice else "")
    values: list[Any] = [brand, *stretch, *([voice] if voice else [])]
    total = connection.execute(f"SELECT count(*) {during}", values).fetchone()[0]
    statement = f"""
        SELECT body FROM analyzed_post
        WHERE rowid IN (SELECT rowid {during} ORDER BY post_key LIMIT ?) ORDER BY post_key
    """  # noqa: S608 - our own
    return [row["body"] for row in connection.execute(statement, [*values, most])], total


def sample_of(bodies: Iterable[str], total: int) -> Sample:
    """Return what `sampled` found as posts; CPU work, a fifth of a millisecond a post."""
    return Sample([from_body(from_json(body), None) for body in bodies], total)


def posts_by_date(
    connection: sqlite3.Connection, brand: str, stretch: tuple[int, int], after: Place | None, limit: int
) -> list[KeptPost]:
    """Return a page of the posts of a stretch, by hour and key."""
    place = after or _FIRST_PLACE
    statement = f"""
        SELECT {_COLUMNS} FROM analyzed_post
        WHERE brand = ? AND hour >= ? AND hour < ? AND (hour, post_key) > (?, ?) ORDER BY hour, post_key LIMIT ?
    """  # noqa: S608 - our own
    rows = connection.execute(
        statement, (brand, max(stretch[0], place.hour), stretch[1], place.hour, place.post_key, limit)
    )
    return [_kept(row) for row in rows]


def kept_posts(connection: sqlite3.Connection, brand: str, after: str | None, limit: int) -> list[KeptPost]:
    """Return a page of the known posts, by key, expired and removed ones too."""
    statement = """
        SELECT post_key, author_key, key_version, stored_at, body, embedding
        FROM post LEFT JOIN analyzed_post USING (brand, author_key, post_key)
        WHERE brand = ? AND post_key > ? ORDER BY post_key LIMIT ?
    """
    return [
        _kept(row) if row["body"] else KeptPost(row["post_key"], row["author_key"] or None, row["key_version"])
        for row in connection.execute(statement, (brand, after or "", limit))
    ]


def _contribution(row: Any) -> Contribution:
    body, embedding = from_json(row["body"]), row["embedding"]
    adds = adds_of(from_body(body, None), None)
    if embedding is not None:
        adds = replace(adds, embeddings={body["embedding_version"]: sum_of(embedding)})
    return Contribution(row["voice"], row["author_key"], adds)


def _kept(row: Any) -> KeptPost:
    post = _post(row)
    return KeptPost(post.post_key, post.author_key, post.key_version, row["stored_at"], post)


def _post(row: Any) -> AnalyzedPost:
    return from_body(json.loads(row["body"]), row["embedding"])
