"""Folding in SQLite: the keys of new posts, the posts, profiles and buckets, in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.profiles.arrival import Arrival
from services.profiles.folding import LATEST, UNIT, Increment, combine
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores.sqlite_buckets import add_to_buckets
from services.profiles.stores.sqlite_embeddings import settle_lengths
from services.profiles.stores.sqlite_posts import keep_posts
from services.profiles.stores.sqlite_profiles import change_brand, increments, speak, write_profiles

TOMBSTONE = ""
"""The author of a post that is removed, or was never to come."""


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What a post is added to; a restore may have brought either already."""

    profiles: bool = True
    buckets: bool = True


ALL = Ledgers()


def fold(connection: sqlite3.Connection, brand: str, arrivals: Sequence[Arrival], ledgers: Ledgers = ALL) -> int:
    """Count each post whose key is new, but for those of authors who are removed or erased; return how many."""
    posts = [one.post for one in arrivals]
    settle_lengths(connection, posts)
    authors = {post.author_key for post in posts}
    erased, gone = erased_of(connection, authors), removed_through(connection, brand, authors)
    known = known_keys(connection, brand, [post.post_key for post in posts])
    new = [one for one in arrivals if one.post.post_key not in known and one.post.author_key not in erased]
    counted = [one for one in new if one.adds.first_seen > gone.get(one.post.author_key, -LATEST)]
    buried = [one.post for one in new if one.adds.first_seen <= gone.get(one.post.author_key, -LATEST)]
    put_keys(connection, [(brand, post.post_key, TOMBSTONE, post.key_version) for post in buried])
    put_keys(connection, [(brand, one.post.post_key, one.post.author_key, one.post.key_version) for one in counted])
    keep_posts(connection, brand, counted)
    if ledgers.profiles:
        _add_to_profiles(connection, brand, counted)
    if ledgers.buckets:
        added = rolled_up((one.post.voice, one.post.author_key, one.adds) for one in counted)
        add_to_buckets(connection, brand, added)
    return len(counted)


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


def _add_to_profiles(connection: sqlite3.Connection, brand: str, counted: Sequence[Arrival]) -> None:
    by_author: dict[str, Increment] = {}
    for one in counted:
        author_key = one.post.author_key
        by_author[author_key] = combine(by_author.get(author_key, UNIT), one.adds)
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
    change_brand(connection, brand, len(by_author) - len(known), [], by_author.values())
