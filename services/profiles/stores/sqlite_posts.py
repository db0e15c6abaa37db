"""Posts with text and analysis in SQLite: read by date and by key, and forgotten when their time is over."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import structlog
from pydantic_core import from_json

from services.profiles.encoding import from_body
from services.profiles.kept import KeptPost, Place, Sample
from services.profiles.texts import StoredText, TextPage, TextQuery
from shared.analyzed_post import AnalyzedPost, Voice
from shared.documents.unreadable_row import read_row

_COLUMNS = "post_key, author_key, stored_at, body, embedding"
_FIRST_PLACE = Place(-1, "")
log = structlog.get_logger(__name__)


def sweep(connection: sqlite3.Connection, before: int, most: int) -> int:
    """Forget text and analysis of posts that were stored before a moment."""
    statement = """
        DELETE FROM analyzed_post WHERE rowid IN (
            SELECT rowid FROM analyzed_post WHERE stored_at < ? ORDER BY stored_at LIMIT ?)
    """
    return connection.execute(statement, (before, most)).rowcount


def redate(connection: sqlite3.Connection, latest: int, most: int) -> int:
    """Say of posts that were stored later than a moment that they were stored then."""
    statement = """
        UPDATE analyzed_post SET stored_at = ? WHERE rowid IN (
            SELECT rowid FROM analyzed_post WHERE stored_at > ? LIMIT ?)
    """
    return connection.execute(statement, (latest, latest, most)).rowcount


def sampled(
    connection: sqlite3.Connection, brand: str, window: tuple[int, int], most: int, voice: Voice | None
) -> tuple[list[str], int]:
    """Return the posts of a window with the lowest keys, as they are kept, and how many there are in all."""
    during = "FROM analyzed_post WHERE brand = ? AND hour >= ? AND hour < ?" + (" AND voice = ?" if voice else "")
    values: list[Any] = [brand, *window, *([voice] if voice else [])]
    total = connection.execute(f"SELECT count(*) {during}", values).fetchone()[0]
    statement = f"""
        SELECT body FROM analyzed_post
        WHERE rowid IN (SELECT rowid {during} ORDER BY post_key LIMIT ?) ORDER BY post_key
    """  # noqa: S608 - our own
    return [row["body"] for row in connection.execute(statement, [*values, most])], total


def sample_of(bodies: Iterable[str], total: int) -> Sample:
    """Return what `sampled` found as posts; CPU work, a fifth of a millisecond a post."""
    posts: list[AnalyzedPost] = []
    for body in bodies:
        try:
            posts.append(from_body(from_json(body), None))
        except (ValueError, TypeError, KeyError):
            log.warning("store.row_unreadable", table="analyzed_post")
    return Sample(posts, total)


def posts_by_date(
    connection: sqlite3.Connection, brand: str, window: tuple[int, int], after: Place | None, limit: int
) -> list[KeptPost]:
    """Return a page of the posts of a window, by hour and key."""
    place = after or _FIRST_PLACE
    statement = f"""
        SELECT {_COLUMNS} FROM analyzed_post
        WHERE brand = ? AND hour >= ? AND hour < ? AND (hour, post_key) > (?, ?) ORDER BY hour, post_key LIMIT ?
    """  # noqa: S608 - our own
    rows = connection.execute(
        statement, (brand, max(window[0], place.hour), window[1], place.hour, place.post_key, limit)
    )
    return [_kept(row) for row in rows]


def texts(connection: sqlite3.Connection, brand: str, query: TextQuery) -> TextPage:
    """Return a page of the posts of a window, by key, as they are stored."""
    named = "AND post_key IN (SELECT value FROM json_each(?))" if query.post_keys is not None else ""
    statement = f"""
        SELECT post_key, author_key, hour, body, {"embedding" if query.embeddings else "NULL"} AS embedding
        FROM analyzed_post INDEXED BY analyzed_post_by_key
        WHERE brand = ? AND post_key > ? AND hour >= ? AND hour < ? {named} ORDER BY post_key LIMIT ?
    """  # noqa: S608 - our own
    keys = [] if query.post_keys is None else [json.dumps(list(query.post_keys))]
    rows = connection.execute(statement, (brand, query.after, query.start, query.end, *keys, query.limit + 1))
    return query.page_of(
        StoredText(row["post_key"], row["author_key"], row["hour"], row["body"], None, row["embedding"]) for row in rows
    )


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


def _kept(row: Any) -> KeptPost:
    post = _post(row)
    return KeptPost(post.post_key, post.author_key, post.key_version, row["stored_at"], post)


def _post(row: Any) -> AnalyzedPost:
    return read_row("analyzed_post", row["post_key"], lambda: from_body(json.loads(row["body"]), row["embedding"]))
