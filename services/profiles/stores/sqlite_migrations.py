"""How files of earlier versions become those of today, one step a version; each runs in the transaction of opening."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.profiles.encoding import from_document
from services.profiles.folding import Increment, one_hour
from services.profiles.rollup import EMPTY, join, rolled_up
from services.profiles.stores.sqlite_reads import load
from services.profiles.stores.sqlite_schema import SCHEMA
from services.profiles.stores.sqlite_writes import save
from services.profiles.stores.state import FIRST_SHARD, Changes, Wanted
from shared.analyzed_post import Voice
from shared.sqlite import Statement

PIECE = 5000
_VOICE: Voice = "external"
_REACTIONS = ("likes", "reposts", "replies", "repost_posts", "reply_posts")
_ONE_OF = {"label": "labels", "language": "languages", "category": "categories"}


def contributions_to_buckets(connection: sqlite3.Connection) -> None:
    """Make hours and days of what posts were known to have added, in place of which posts are kept now.

    The posts stay counted, and can be taken out of a profile together alone, as those without an analysis.
    """
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'contribution'").fetchone():
        return
    for brand, rows in _pieces(connection):
        added = rolled_up((_VOICE, row["author_key"], from_contribution(json.loads(row["adds"]))) for row in rows)
        known = load(connection, brand, Wanted(buckets=added)).buckets
        places = {(key, FIRST_SHARD): more for key, more in added.items()}
        save(connection, brand, Changes(buckets={at: join(known.get(at, EMPTY), more) for at, more in places.items()}))
    connection.execute("DROP TABLE contribution")


def hours_into_the_index_by_author(connection: sqlite3.Connection) -> None:
    """Let the index of posts by author tell their hours: then nothing that stays is read where a post is removed."""
    connection.execute("DROP INDEX IF EXISTS analyzed_post_by_author")


def means_into_one_index(connection: sqlite3.Connection) -> None:
    """Keep profiles in the order of their means once, which both directions read: a change writes an index less."""
    connection.execute("DROP INDEX IF EXISTS profile_by_mean_rising")
    if connection.execute("SELECT 1 FROM pragma_table_info('profile') WHERE name = 'mean_rising'").fetchone():
        connection.execute("ALTER TABLE profile DROP COLUMN mean_rising")


MIGRATIONS: Sequence[Statement[None]] = (contributions_to_buckets, hours_into_the_index_by_author)


def from_contribution(short: Mapping[str, Any]) -> Increment:
    """Return what a post added, as version 0 kept it in short, or, of a still earlier version, as the whole."""
    if "hours" in short:
        return from_document(short)
    hour, score, subjectivity = short["hour"], short.get("score"), short.get("subjectivity")
    counts: dict[str, Any] = {counts: {short[name]: 1} if name in short else {} for name, counts in _ONE_OF.items()}
    return Increment(
        posts=1,
        scored_posts=int(score is not None),
        score_sum=score or 0,
        score_squares=(score or 0) ** 2,
        subjectivity_posts=int(subjectivity is not None),
        subjectivity_sum=subjectivity or 0,
        first_seen=hour,
        last_seen=hour,
        hours=one_hour(hour),
        figures={name: (hour, value) for name, value in short.get("figures", {}).items()},
        platform=short["platform"],
        key_version=short["key_version"],
        **{name: short.get(name, 0) for name in _REACTIONS},
        **counts,
    )


def _pieces(connection: sqlite3.Connection) -> Iterator[tuple[str, list[Any]]]:
    for (brand,) in connection.execute("SELECT DISTINCT brand FROM contribution").fetchall():
        found = connection.execute("SELECT author_key, adds FROM contribution WHERE brand = ?", (brand,))
        while rows := found.fetchmany(PIECE):
            yield brand, rows
