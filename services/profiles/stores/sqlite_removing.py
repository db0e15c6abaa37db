"""Removals in SQLite: tombstones, and the profiles without the posts, in one transaction."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.profiles.folding import LATEST, UNIT, Increment
from services.profiles.profile import Profile
from services.profiles.rollup import BucketKey, Rollup, buckets_of, rolled_up
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.sqlite_buckets import take_from_buckets
from services.profiles.stores.sqlite_embeddings import drop_embeddings
from services.profiles.stores.sqlite_folding import TOMBSTONE, erased_of, removed_through
from services.profiles.stores.sqlite_posts import Contribution, drop_posts, posts_of
from services.profiles.stores.sqlite_profiles import (
    change_brand,
    delete_profile,
    fall_silent,
    increments,
    write_profiles,
)
from services.profiles.withdrawing import withdraw


@dataclass(frozen=True, slots=True)
class Removals:
    """Distinct posts that are gone, and the hour up to which an author's posts are."""

    post_keys: Sequence[str]
    authors: Mapping[str, int]

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.post_keys) + len(self.authors)


def known(connection: sqlite3.Connection, brand: str, asked: Removals) -> Removals:
    """Return the removals of posts that have a row and of authors who have a profile."""
    authors = increments(connection, brand, asked.authors)
    return Removals(
        list(_authors_of(connection, brand, asked.post_keys)),
        {author_key: through for author_key, through in asked.authors.items() if author_key in authors},
    )


def remove(connection: sqlite3.Connection, brand: str, removals: Removals) -> RemovalCount:
    """Take posts and authors out; what is not known yet is refused when it comes."""
    of_posts = {
        author_key: _without_posts(connection, brand, author_key, keys)
        for author_key, keys in _buried(connection, brand, removals.post_keys).items()
    }
    erased = erased_of(connection, removals.authors)
    of_authors = {
        author_key: Change() if author_key in erased else _without_author(connection, brand, author_key, through)
        for author_key, through in removals.authors.items()
    }
    # What lies between the two changes of one profile never counts.
    befores = {**of_authors, **of_posts}
    afters = {**of_posts, **of_authors}
    gone = sum(befores[name].before.posts > 0 and not afters[name].after.posts for name in befores)
    change_brand(
        connection,
        brand,
        -gone,
        [change.before for change in befores.values()],
        [change.after for change in afters.values()],
    )
    removed = sum(change.removed for change in of_posts.values())
    unknown = len(removals.post_keys) - removed + sum(not change.removed for change in of_authors.values())
    return RemovalCount(removed + sum(change.removed for change in of_authors.values()), unknown)


@dataclass(frozen=True, slots=True)
class Change:
    """A profile before and after a withdrawal."""

    before: Increment = UNIT
    after: Increment = UNIT
    removed: int = 0


def _authors_of(connection: sqlite3.Connection, brand: str, post_keys: Sequence[str]) -> dict[str, str]:
    statement = "SELECT post_key, author_key FROM post WHERE brand = ? AND post_key IN (SELECT value FROM json_each(?))"
    rows = connection.execute(statement, (brand, json.dumps(list(post_keys))))
    return {row["post_key"]: row["author_key"] for row in rows}


def _buried(connection: sqlite3.Connection, brand: str, post_keys: Sequence[str]) -> dict[str, list[str]]:
    """Make tombstones of the posts and return those that had an author, by author."""
    authors = _authors_of(connection, brand, post_keys)
    connection.executemany(
        "INSERT INTO post (brand, post_key, author_key, key_version) VALUES (?, ?, ?, 0)",
        [(brand, post_key, TOMBSTONE) for post_key in post_keys if post_key not in authors],
    )
    _bury(connection, brand, authors)
    by_author: dict[str, list[str]] = {}
    for post_key, author_key in authors.items():
        if author_key != TOMBSTONE:
            by_author.setdefault(author_key, []).append(post_key)
    return by_author


def _bury(connection: sqlite3.Connection, brand: str, post_keys: Iterable[str]) -> None:
    statement = "UPDATE post SET author_key = ? WHERE brand = ? AND post_key IN (SELECT value FROM json_each(?))"
    connection.execute(statement, (TOMBSTONE, brand, json.dumps(list(post_keys))))


def _without_posts(connection: sqlite3.Connection, brand: str, author_key: str, post_keys: Sequence[str]) -> Change:
    posts = posts_of(connection, brand, author_key)
    taken = [post_key for post_key in post_keys if post_key in posts]
    return withdraw_posts(connection, brand, author_key, posts, taken, len(post_keys) - len(taken))


def _without_author(connection: sqlite3.Connection, brand: str, author_key: str, through: int) -> Change:
    through = max(through, removed_through(connection, brand, [author_key]).get(author_key, -LATEST))
    statement = "INSERT OR REPLACE INTO removed_author (brand, author_key, through) VALUES (?, ?, ?)"
    connection.execute(statement, (brand, author_key, through))
    posts = posts_of(connection, brand, author_key)
    taken = [post_key for post_key, post in posts.items() if post.adds.first_seen <= through]
    _bury(connection, brand, taken)
    # Whatever has no analysis was counted long ago and goes too; its keys stay known, so none comes back.
    return withdraw_posts(connection, brand, author_key, posts, taken, LATEST)


def withdraw_posts(
    connection: sqlite3.Connection,
    brand: str,
    author_key: str,
    posts: Mapping[str, Contribution],
    taken: Sequence[str],
    traceless: int,
) -> Change:
    """Take posts of an author out of profile and buckets; the brand's totals are the caller's.

    `posts` are all of the author's that have an analysis, `taken` the keys of those that go, `traceless` how many go
    besides that have none.
    """
    before = increments(connection, brand, [author_key]).get(author_key)
    if before is None:
        return Change()
    going = set(taken)
    rest = [post.adds for post_key, post in posts.items() if post_key not in going]
    remnants = _remnants(connection, brand, author_key)
    done = withdraw(before, remnants, [posts[post_key].adds for post_key in taken], traceless, rest)
    explained = before.posts - remnants == len(posts)
    take_from_buckets(connection, brand, _parts(posts, going, explained=explained))
    drop_posts(connection, brand, author_key, taken)
    _keep_remnants(connection, brand, author_key, done.remnants)
    if done.left.posts:
        write_profiles(connection, [Profile(brand, author_key, done.left)])
        drop_embeddings(connection, brand, author_key, before.embeddings.keys() - done.left.embeddings.keys())
    else:
        delete_profile(connection, brand, author_key)
    fall_silent(connection, brand, author_key, before.languages.keys() - done.left.languages.keys())
    return Change(before, done.left, done.removed)


def _parts(
    posts: Mapping[str, Contribution], going: set[str], *, explained: bool
) -> dict[BucketKey, tuple[Rollup, set[str]]]:
    """Return what one author's posts take with them from each bucket, and whether the author leaves it too.

    While the author has posts of which nobody knows the hour any more, the author stays in all of them.
    """
    parts = rolled_up((posts[key].voice, posts[key].author_key, posts[key].adds) for key in going)
    staying = {
        bucket
        for key, post in posts.items()
        if key not in going
        for bucket in buckets_of(post.voice, post.adds.first_seen)
    }
    authors = {post.author_key for post in posts.values()} if explained else set()
    return {bucket: (part, set() if bucket in staying else authors) for bucket, part in parts.items()}


def _remnants(connection: sqlite3.Connection, brand: str, author_key: str) -> int:
    statement = "SELECT posts FROM remnant WHERE brand = ? AND author_key = ?"
    row = connection.execute(statement, (brand, author_key)).fetchone()
    return int(row["posts"]) if row else 0


def _keep_remnants(connection: sqlite3.Connection, brand: str, author_key: str, posts: int) -> None:
    if posts:
        statement = "INSERT OR REPLACE INTO remnant (brand, author_key, posts) VALUES (?, ?, ?)"
        connection.execute(statement, (brand, author_key, posts))
    else:
        connection.execute("DELETE FROM remnant WHERE brand = ? AND author_key = ?", (brand, author_key))
