"""Profiles in SQLite, as they are listed and read for a backup: the statement of a list, and rows made profiles.

Each order goes by an index of its own. The sums of embeddings stand in rows of their own, so a list reads none of them.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import structlog

from services.profiles.kept import KeptProfile
from services.profiles.listing import Listing, Order, Position, Sort, sort_field
from services.profiles.profile import Profile
from services.profiles.stores.sqlite_assignments import clusters_of
from services.profiles.stores.sqlite_reads import decode, embeddings_of
from shared.documents.unreadable_row import UnreadableRowError, read_row

Value = str | int | float
log = structlog.get_logger(__name__)

_SPEAKS = """EXISTS (
    SELECT 1 FROM spoken WHERE spoken.brand = profile.brand AND spoken.author_key = profile.author_key
    AND spoken.language = ?)"""
_IN_CLUSTER = """EXISTS (
    SELECT 1 FROM published JOIN assignment USING (brand, basis, run_id)
    WHERE published.brand = profile.brand AND published.basis = ?
    AND assignment.author_key = profile.author_key AND assignment.cluster = ?)"""


_WITHOUT_SCORE: Final = -1.0
"""See `sort_fields`."""
READABLE = "json_valid(body)"
"""The condition that leaves out rows whose body is damaged; asked where one was met alone, since it costs time."""


def listed(connection: sqlite3.Connection, listing: Listing) -> list[Profile]:
    """Return a page of profiles without clusters; one that cannot be read is logged and takes no other's place."""
    if (listing.sort, listing.order) != (Sort.MEAN_SCORE, Order.ASC):
        return _page(connection, listing)
    # One index has both orders: it begins with those without a score, who come last whatever the direction.
    after, found = listing.after, list[Profile]()
    scored_are_over = after is not None and float(after.value) > 1
    if not scored_are_over:
        found = _page(connection, listing, "mean_falling >= 0")
    place = Position(_WITHOUT_SCORE, after.author_key) if after is not None and scored_are_over else None
    rest = replace(listing, limit=listing.limit - len(found), after=place)
    return [*found, *_page(connection, rest, "mean_falling < 0")] if rest.limit else found


def _page(connection: sqlite3.Connection, listing: Listing, *more: str) -> list[Profile]:
    statement, values = select(listing, *more)
    try:
        return profiles_of(listing.brand, connection.execute(statement, values))
    except UnreadableRowError as error:
        log.warning("store.row_unreadable", table=error.table, row=error.row)
    statement, values = select(listing, *more, READABLE)
    return profiles_of(listing.brand, connection.execute(statement, values))


def select(listing: Listing, *more: str) -> tuple[str, list[Value]]:
    """Return the statement, with further conditions, and its values; no name in it comes from outside."""
    field = sort_field(listing.sort, Order.DESC)
    direction, beyond = ("ASC", ">") if listing.order is Order.ASC else ("DESC", "<")
    conditions, values = _filters(listing)
    conditions += more
    if listing.after is not None:
        conditions.append(f"({field}, author_key) {beyond} (?, ?)")
        values += [listing.after.value, listing.after.author_key]
    statement = (
        f"SELECT author_key, body FROM profile WHERE {' AND '.join(conditions)} "  # noqa: S608 - names are our own
        f"ORDER BY {field} {direction}, author_key {direction} LIMIT ?"
    )
    return statement, [*values, listing.limit]


def _filters(listing: Listing) -> tuple[list[str], list[Value]]:
    conditions, values = ["brand = ?"], list[Value]([listing.brand])
    if listing.min_posts > 1:
        conditions.append("posts >= ?")
        values.append(listing.min_posts)
    if listing.since is not None:
        conditions.append("last_seen >= ?")
        values.append(listing.since)
    if listing.language is not None:
        conditions.append(_SPEAKS)
        values.append(listing.language)
    if listing.cluster is not None:
        conditions.append(_IN_CLUSTER)
        values += [listing.cluster.basis, listing.cluster.cluster]
    return conditions, values


def profiles_of(brand: str, rows: Iterable[Any]) -> list[Profile]:
    """Return the profiles in rows that have `author_key` and `body`, without their embeddings."""
    return [
        Profile(brand, row["author_key"], read_row("profile", row["author_key"], partial(decode, row["body"])))
        for row in rows
    ]


def kept_profiles(connection: sqlite3.Connection, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
    """Return a page of profiles with embeddings and published clusters, by author."""
    statement = """
        SELECT author_key, profile.body, coalesce(remnant.posts, 0) AS remnants
        FROM profile LEFT JOIN remnant USING (brand, author_key)
        WHERE brand = ? AND author_key > ? ORDER BY author_key LIMIT ?
    """
    rows = connection.execute(statement, (brand, after or "", limit)).fetchall()
    authors = [row["author_key"] for row in rows]
    embeddings, clusters = embeddings_of(connection, brand, authors), clusters_of(connection, brand, authors)
    found: list[KeptProfile] = []
    for one, row in zip(profiles_of(brand, rows), rows, strict=True):
        folded = replace(one.folded, embeddings=embeddings.get(one.author_key, {}))
        found.append(KeptProfile(Profile(brand, one.author_key, folded, clusters[one.author_key]), row["remnants"]))
    return found
