"""Folding in SQLite: the keys of new posts, what each adds and the profiles, in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from services.profiles.encoding import to_contribution
from services.profiles.folding import LATEST, UNIT, Increment, combine, combine_all, increment_of
from services.profiles.profile import Profile
from services.profiles.stores.base import FoldCount
from services.profiles.stores.sqlite_profiles import COMPACT, change_brand, increments, speak, write_profiles
from shared.analyzed_post import AnalyzedPost

TOMBSTONE = ""
"""The author of a post that is removed, or was never to come."""


def fold(connection: sqlite3.Connection, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
    """Count each post whose key is new, but for those of authors who are removed."""
    gone = removed_through(connection, brand, {post.author_key for post in posts})
    keys: list[tuple[str, str, str, int]] = []
    contributions: list[tuple[str, str, str, str]] = []
    added: dict[str, Increment] = {}
    for post in _new(connection, brand, posts):
        increment = increment_of(post)
        if increment.first_seen <= gone.get(post.author_key, -LATEST):
            keys.append((brand, post.post_key, TOMBSTONE, post.key_version))
            continue
        keys.append((brand, post.post_key, post.author_key, post.key_version))
        contributions.append((brand, post.author_key, post.post_key, COMPACT.encode(to_contribution(increment))))
        added[post.author_key] = combine(added.get(post.author_key, UNIT), increment)
    connection.executemany("INSERT INTO post (brand, post_key, author_key, key_version) VALUES (?, ?, ?, ?)", keys)
    connection.executemany(
        "INSERT INTO contribution (brand, author_key, post_key, adds) VALUES (?, ?, ?, ?)", contributions
    )
    known = increments(connection, brand, added)
    write_profiles(
        connection,
        [
            Profile(brand, author_key, combine(known.get(author_key, UNIT), increment))
            for author_key, increment in added.items()
        ],
    )
    speak(connection, [(brand, author_key, name) for author_key in added for name in added[author_key].languages])
    if added:
        change_brand(connection, brand, len(added) - len(known), UNIT, combine_all(added.values()))
    return FoldCount(len(contributions), len(posts) - len(contributions))


def removed_through(connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]) -> dict[str, int]:
    """Return for authors who are removed the hour up to which their posts are gone."""
    statement = """
        SELECT author_key, through FROM removed_author
        WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    rows = connection.execute(statement, (brand, json.dumps(list(author_keys))))
    return {row["author_key"]: row["through"] for row in rows}


def _new(connection: sqlite3.Connection, brand: str, posts: Sequence[AnalyzedPost]) -> list[AnalyzedPost]:
    """Return the posts whose keys are not known, the first of each."""
    by_key: dict[str, AnalyzedPost] = {}
    for post in posts:
        by_key.setdefault(post.post_key, post)
    statement = "SELECT post_key FROM post WHERE brand = ? AND post_key IN (SELECT value FROM json_each(?))"
    known = {row["post_key"] for row in connection.execute(statement, (brand, json.dumps(list(by_key))))}
    return [post for post_key, post in by_key.items() if post_key not in known]
