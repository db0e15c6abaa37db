"""How files of earlier versions become those of today, one step a version; each runs in the transaction of opening."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from services.profiles.contribution import from_contribution
from services.profiles.rollup import rolled_up
from services.profiles.stores.sqlite_buckets import add_to_buckets
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.analyzed_post import Voice
from shared.sqlite import Statement

PIECE = 5000
_VOICE: Voice = "external"


def contributions_to_buckets(connection: sqlite3.Connection) -> None:
    """Make hours and days of what posts were known to have added, in place of which posts are kept now.

    The posts stay counted, and can be taken out of a profile together alone, as those without an analysis.
    """
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'contribution'").fetchone():
        return
    for brand, rows in _pieces(connection):
        adding = [(_VOICE, row["author_key"], from_contribution(json.loads(row["adds"]))) for row in rows]
        add_to_buckets(connection, brand, rolled_up(adding))
    connection.execute("DROP TABLE contribution")


MIGRATIONS: Sequence[Statement[None]] = (contributions_to_buckets,)


def _pieces(connection: sqlite3.Connection) -> Iterator[tuple[str, list[Any]]]:
    for (brand,) in connection.execute("SELECT DISTINCT brand FROM contribution").fetchall():
        found = connection.execute("SELECT author_key, adds FROM contribution WHERE brand = ?", (brand,))
        while rows := found.fetchmany(PIECE):
            yield brand, rows
