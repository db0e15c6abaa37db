"""How files of earlier versions become those of today, one step a version; each runs in the transaction of opening."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.profiles.folding import Increment
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
        adding = [(_VOICE, row["author_key"], _adds(json.loads(row["adds"]))) for row in rows]
        add_to_buckets(connection, brand, rolled_up(adding))
    connection.execute("DROP TABLE contribution")


MIGRATIONS: Sequence[Statement[None]] = (contributions_to_buckets,)


def _pieces(connection: sqlite3.Connection) -> Iterator[tuple[str, list[Any]]]:
    for (brand,) in connection.execute("SELECT DISTINCT brand FROM contribution").fetchall():
        found = connection.execute("SELECT author_key, adds FROM contribution WHERE brand = ?", (brand,))
        while rows := found.fetchmany(PIECE):
            yield brand, rows


def _adds(short: Mapping[str, Any]) -> Increment:
    """Return what goes into buckets of a contribution, as version 0 wrote it or a version before it."""
    if "hours" in short:
        counts: dict[str, Any] = {name: {item["name"]: item["posts"] for item in short[name]} for name in _COUNTS}
        plain: dict[str, Any] = {name: short[name] for name in _PLAIN}
        return Increment(**plain, **counts)
    score = short.get("score")
    one_of: dict[str, Any] = {counts: {short[name]: 1} if name in short else {} for name, counts in _ONE_OF.items()}
    reactions: dict[str, Any] = {name: short.get(name, 0) for name in ("likes", "reposts", "replies")}
    return Increment(
        posts=1,
        scored_posts=int(score is not None),
        score_sum=score or 0,
        first_seen=short["hour"],
        last_seen=short["hour"],
        **reactions,
        **one_of,
    )


_PLAIN = ("posts", "scored_posts", "score_sum", "likes", "reposts", "replies", "first_seen", "last_seen")
_COUNTS = ("labels", "languages", "categories")
_ONE_OF = {"label": "labels", "language": "languages", "category": "categories"}
