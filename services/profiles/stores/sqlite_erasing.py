"""Erasure in SQLite: a tombstone and whatever is not a key in one transaction, then the keys, which need a search.

Keys are not indexed by author: that would make every fold dearer for the sake of what is rare. They are looked for
while others go on, and deleted piece by piece. The tombstone comes first, so no new key appears meanwhile; an
erasure that a crash cut off is finished by the same one made again.
"""

import sqlite3

from services.profiles.kept import Erased
from services.profiles.stores.sqlite_buckets import forget_in_buckets
from services.profiles.stores.sqlite_posts import posts_of
from services.profiles.stores.sqlite_profiles import change_brand, delete_profile, fall_silent, increments
from services.profiles.stores.sqlite_removing import withdraw_posts
from shared.sqlite import SqliteDatabase

PIECE = 1000
_OF_AUTHOR = ("profile", "analyzed_post", "remnant", "removed_author", "spoken", "embedding_sum", "assignment")


async def erase(database: SqliteDatabase, author_key: str) -> list[Erased]:
    """See `ProfileStore.erase`."""
    removed = await database.write(lambda connection: _erase(connection, author_key))
    known = await database.read(lambda connection: _posts_of(connection, author_key))
    for start in range(0, len(known), PIECE):
        piece = known[start : start + PIECE]
        await database.write(
            lambda connection, piece=piece: connection.executemany(  # type: ignore[misc]
                "DELETE FROM post WHERE brand = ? AND post_key = ?", piece
            )
        )
    await database.checkpoint()
    return removed


def _erase(connection: sqlite3.Connection, author_key: str) -> list[Erased]:
    connection.execute("INSERT OR IGNORE INTO erased (author_key) VALUES (?)", (author_key,))
    brands = sorted({brand for table in _OF_AUTHOR for brand in _brands_in(connection, table)})
    found = [_erase_from(connection, brand, author_key) for brand in brands]
    for table in _OF_AUTHOR:
        statement = f"DELETE FROM {table} WHERE brand = ? AND author_key = ?"  # noqa: S608 - our own
        connection.executemany(statement, [(brand, author_key) for brand in brands])
    return [erased for erased in found if erased.posts or erased.texts or erased.assignments]


def _brands_in(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the brands in a table by a look at the index for each, however many rows a brand has."""
    statement = f"""
        WITH RECURSIVE found (brand) AS (
            SELECT min(brand) FROM {table}
            UNION ALL SELECT (SELECT min(brand) FROM {table} WHERE brand > found.brand) FROM found
            WHERE found.brand IS NOT NULL)
        SELECT brand FROM found WHERE brand IS NOT NULL
    """  # noqa: S608 - our own
    return [row["brand"] for row in connection.execute(statement)]


def _erase_from(connection: sqlite3.Connection, brand: str, author_key: str) -> Erased:
    statement = "DELETE FROM assignment WHERE brand = ? AND author_key = ?"
    assignments = connection.execute(statement, (brand, author_key)).rowcount
    forget_in_buckets(connection, brand, author_key)
    posts = posts_of(connection, brand, author_key)
    profile = increments(connection, brand, [author_key]).get(author_key)
    if profile is None:
        return Erased(brand, 0, len(posts), assignments)
    withdraw_posts(connection, brand, author_key, posts, list(posts), 0)
    delete_profile(connection, brand, author_key)
    fall_silent(connection, brand, author_key, profile.languages)
    change_brand(connection, brand, -1, [profile], [])
    return Erased(brand, profile.posts, len(posts), assignments)


def _posts_of(connection: sqlite3.Connection, author_key: str) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT brand, post_key FROM post WHERE author_key = ?", (author_key,))
    return [(row["brand"], row["post_key"]) for row in rows]
