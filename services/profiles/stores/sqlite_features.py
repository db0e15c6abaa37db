"""Features in SQLite: a record beside each profile, by author and by change, written by what changes the profile.

A transaction that changes a brand's profiles takes the next number, which all of these get. Transactions of one file
follow one another, whatever processes write to it, so a number that can be seen has no lower one still to come.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

import structlog

from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import Beginning, FeatureRows, NamedAuthors
from services.profiles.feature_record import RECORD, to_record
from services.profiles.profile import Profile
from services.profiles.stores.sqlite_profiles import profiles_of
from services.profiles.stores.sqlite_reads import embeddings_of
from services.profiles.stores.sqlite_schema import SCHEMA
from services.profiles.stores.state import Changes
from shared.brand_changes import BrandChanges
from shared.documents.unreadable_row import UnreadableRowError

PIECE: Final = 5000
_WRITE: Final = """
INSERT INTO feature (brand, author_key, changed, record) VALUES (?, ?, ?, ?)
ON CONFLICT (brand, author_key) DO UPDATE SET changed = excluded.changed, record = excluded.record
"""
_WRITE_USE: Final = """
INSERT INTO embedding_use (brand, version, posts, latest) VALUES (?, ?, ?, ?)
ON CONFLICT (brand, version) DO UPDATE SET posts = posts + excluded.posts, latest = max(latest, excluded.latest)
"""
log = structlog.get_logger(__name__)


def save_features(connection: sqlite3.Connection, brand: str, profiles: Sequence[Profile]) -> None:
    """Write the number of the brand's change, and the records of the profiles that are there after it."""
    number = connection.execute("SELECT coalesce(max(sequence), 0) + 1 FROM brand_change").fetchone()[0]
    connection.executemany(_WRITE, [(brand, one.author_key, number, to_record(one, number)) for one in profiles])
    connection.execute("INSERT OR REPLACE INTO brand_change (brand, sequence) VALUES (?, ?)", (brand, number))


def save_embedding_uses(connection: sqlite3.Connection, brand: str, changes: Changes) -> None:
    """Count the posts with an embedding of each version that a transaction adds or takes."""
    rows = [(brand, version, one.posts, one.latest) for version, one in changes.embedded().items()]
    connection.executemany(_WRITE_USE, rows)


def embedding_space(connection: sqlite3.Connection, brand: str) -> EmbeddingSpace | None:
    """Return the version of the brand's most recent posts; of equals the one of more posts, then by name."""
    statement = """
        SELECT version, dimensions FROM embedding_use JOIN embedding_version USING (version)
        WHERE brand = ? AND posts > 0 ORDER BY latest DESC, posts DESC, version LIMIT 1
    """
    row = connection.execute(statement, (brand,)).fetchone()
    return EmbeddingSpace(row["version"], row["dimensions"]) if row else None


def last_change(connection: sqlite3.Connection, brand: str) -> int:
    """Return the number of the brand's last change."""
    row = connection.execute("SELECT sequence FROM brand_change WHERE brand = ?", (brand,)).fetchone()
    return int(row["sequence"]) if row else 0


def brand_changes(connection: sqlite3.Connection, after: int) -> BrandChanges:
    """Return the brands that changed after a number."""
    rows = connection.execute("SELECT brand, sequence FROM brand_change WHERE sequence > ?", (after,))
    found = {row["brand"]: row["sequence"] for row in rows}
    last = connection.execute("SELECT coalesce(max(sequence), 0) FROM brand_change").fetchone()[0]
    return BrandChanges(brands=found, next=last)


def feature_rows(
    connection: sqlite3.Connection, brand: str, place: Beginning | NamedAuthors, limit: int, version: str | None
) -> FeatureRows:
    """Return a page of records by author or change, or of some authors; one without its whole length is left out."""
    if isinstance(place, str):
        where, order, values = "author_key > ?", "author_key", list[str | int]([place])
    elif isinstance(place, NamedAuthors):
        where, order = "author_key IN (SELECT value FROM json_each(?))", "author_key"
        values = [json.dumps(list(place.author_keys))]
    else:
        where, order = "(changed, author_key) > (?, ?) AND changed <= ?", "changed, author_key"
        values = [place.after, place.author_key, place.through]
    statement = (
        f"SELECT record FROM feature WHERE brand = ? AND {where} AND length(record) = ? "  # noqa: S608 - our own
        f"ORDER BY {order} LIMIT ?"
    )
    cursor = connection.execute(statement, (brand, *values, RECORD.itemsize, limit))
    cursor.row_factory = None
    rows = FeatureRows(b"".join([record for (record,) in cursor]))
    if version is None:
        return rows
    found = embeddings_of(connection, brand, rows.author_keys)
    return FeatureRows(rows.records, {key: sums[version] for key, sums in found.items() if version in sums})


def features_beside_profiles(connection: sqlite3.Connection) -> None:
    """Write the records of the profiles of an earlier version, as changes of their brand."""
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    for brand, rows in _pieces(connection):
        profiles = list[Profile]()
        for row in rows:
            try:
                profiles += profiles_of(brand, [row])
            except UnreadableRowError as error:
                log.warning("store.row_unreadable", table=error.table, row=error.row)
        save_features(connection, brand, profiles)
    connection.execute(
        """
        INSERT OR REPLACE INTO embedding_use (brand, version, posts, latest)
        SELECT embedding_sum.brand, version, sum(embedding_sum.posts), max(last_seen)
        FROM embedding_sum JOIN profile USING (brand, author_key) GROUP BY embedding_sum.brand, version
        """
    )


def _pieces(connection: sqlite3.Connection) -> Iterator[tuple[str, list[Any]]]:
    for (brand,) in connection.execute("SELECT brand FROM brand").fetchall():
        found = connection.execute("SELECT author_key, body FROM profile WHERE brand = ?", (brand,))
        while rows := found.fetchmany(PIECE):
            yield brand, rows
