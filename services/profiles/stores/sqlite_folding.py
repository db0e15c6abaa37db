"""Folding in SQLite: the keys of new posts, the posts, profiles and buckets, in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.profiles.folding import LATEST, UNIT, Increment, combine, combine_all, increment_of
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import FoldCount
from services.profiles.stores.sqlite_buckets import add_to_buckets
from services.profiles.stores.sqlite_embeddings import settle_lengths
from services.profiles.stores.sqlite_posts import keep_posts
from services.profiles.stores.sqlite_profiles import change_brand, increments, speak, write_profiles
from shared.analyzed_post import AnalyzedPost

TOMBSTONE = ""
"""The author of a post that is removed, or was never to come."""

Arrival = tuple[AnalyzedPost, int]
"""A post, and the moment (Unix seconds) it was stored at."""


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What a post is added to; a restore may have brought either already."""

    profiles: bool = True
    buckets: bool = True


ALL = Ledgers()


def fold(connection: sqlite3.Connection, brand: str, arrivals: Sequence[Arrival], ledgers: Ledgers = ALL) -> FoldCount:
    """Count each post whose key is new, but for those of authors who are removed or erased."""
    posts = [post for post, _ in arrivals]
    settle_lengths(connection, posts)
    authors = {post.author_key for post in posts}
    erased, gone = erased_of(connection, authors), removed_through(connection, brand, authors)
    keys: list[tuple[str, str, str, int]] = []
    counted: list[tuple[Arrival, Increment]] = []
    known = known_keys(connection, brand, [post.post_key for post in posts])
    for arrival in _first_of_each(arrivals, known):
        post = arrival[0]
        if post.author_key in erased:
            continue
        adds = increment_of(post)
        if adds.first_seen <= gone.get(post.author_key, -LATEST):
            keys.append((brand, post.post_key, TOMBSTONE, post.key_version))
            continue
        keys.append((brand, post.post_key, post.author_key, post.key_version))
        counted.append((arrival, adds))
    put_keys(connection, keys)
    keep_posts(connection, brand, [arrival for arrival, _ in counted])
    if ledgers.profiles:
        _add_to_profiles(connection, brand, [(post.author_key, adds) for (post, _), adds in counted])
    if ledgers.buckets:
        added = rolled_up((post.voice, post.author_key, adds) for (post, _), adds in counted)
        add_to_buckets(connection, brand, added)
    return FoldCount(len(counted), len(posts) - len(counted))


def put_keys(connection: sqlite3.Connection, keys: Iterable[tuple[str, str, str, int]]) -> None:
    """Make the posts (brand, key, author, version of the pseudonym key) known."""
    connection.executemany("INSERT INTO post (brand, post_key, author_key, key_version) VALUES (?, ?, ?, ?)", keys)


def known_keys(connection: sqlite3.Connection, brand: str, post_keys: Iterable[str]) -> set[str]:
    """Return those of the keys that are known."""
    statement = "SELECT post_key FROM post WHERE brand = ? AND post_key IN (SELECT value FROM json_each(?))"
    rows = connection.execute(statement, (brand, json.dumps(list(post_keys))))
    return {row["post_key"] for row in rows}


def removed_through(connection: sqlite3.Connection, brand: str, author_keys: Iterable[str]) -> dict[str, int]:
    """Return for authors who are removed the hour up to which their posts are gone."""
    statement = """
        SELECT author_key, through FROM removed_author
        WHERE brand = ? AND author_key IN (SELECT value FROM json_each(?))
    """
    rows = connection.execute(statement, (brand, json.dumps(list(author_keys))))
    return {row["author_key"]: row["through"] for row in rows}


def erased_of(connection: sqlite3.Connection, author_keys: Iterable[str]) -> set[str]:
    """Return those of the authors who are erased."""
    statement = "SELECT author_key FROM erased WHERE author_key IN (SELECT value FROM json_each(?))"
    return {row["author_key"] for row in connection.execute(statement, (json.dumps(list(author_keys)),))}


def _add_to_profiles(connection: sqlite3.Connection, brand: str, added: Sequence[tuple[str, Increment]]) -> None:
    by_author: dict[str, Increment] = {}
    for author_key, adds in added:
        by_author[author_key] = combine(by_author.get(author_key, UNIT), adds)
    if not by_author:
        return
    known = increments(connection, brand, by_author)
    write_profiles(
        connection,
        [
            Profile(brand, author_key, combine(known.get(author_key, UNIT), adds))
            for author_key, adds in by_author.items()
        ],
    )
    speak(connection, [(brand, author_key, name) for author_key, adds in by_author.items() for name in adds.languages])
    change_brand(connection, brand, len(by_author) - len(known), UNIT, combine_all(by_author.values()))


def _first_of_each(arrivals: Sequence[Arrival], known: set[str]) -> list[Arrival]:
    by_key: dict[str, Arrival] = {}
    for arrival in arrivals:
        by_key.setdefault(arrival[0].post_key, arrival)
    return [arrival for post_key, arrival in by_key.items() if post_key not in known]
