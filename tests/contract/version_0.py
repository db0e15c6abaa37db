"""A database file as version 0 of the SQLite store left it: contributions in place of posts, no hours and days."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from services.profiles.encoding import to_document
from services.profiles.folding import combine_all, increment_of
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from shared.analyzed_post import AnalyzedPost

SCHEMA = """
CREATE TABLE brand (
    brand TEXT NOT NULL PRIMARY KEY, profiles INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE post (
    brand TEXT NOT NULL, post_key TEXT NOT NULL, author_key TEXT NOT NULL, key_version INTEGER NOT NULL,
    PRIMARY KEY (brand, post_key)
) WITHOUT ROWID;
CREATE TABLE contribution (
    brand TEXT NOT NULL, author_key TEXT NOT NULL, post_key TEXT NOT NULL, adds TEXT NOT NULL
);
CREATE INDEX contribution_by_author ON contribution (brand, author_key);
CREATE TABLE remnant (
    brand TEXT NOT NULL, author_key TEXT NOT NULL, posts INTEGER NOT NULL, PRIMARY KEY (brand, author_key)
) WITHOUT ROWID;
CREATE TABLE removed_author (
    brand TEXT NOT NULL, author_key TEXT NOT NULL, through INTEGER NOT NULL, PRIMARY KEY (brand, author_key)
) WITHOUT ROWID;
CREATE TABLE profile (
    brand TEXT NOT NULL, author_key TEXT NOT NULL, posts INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    mean_rising REAL NOT NULL, mean_falling REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (brand, author_key)
);
CREATE INDEX profile_by_posts ON profile (brand, posts, author_key);
CREATE INDEX profile_by_last_seen ON profile (brand, last_seen, author_key);
CREATE INDEX profile_by_mean_rising ON profile (brand, mean_rising, author_key);
CREATE INDEX profile_by_mean_falling ON profile (brand, mean_falling, author_key);
CREATE TABLE spoken (
    brand TEXT NOT NULL, author_key TEXT NOT NULL, language TEXT NOT NULL, PRIMARY KEY (brand, author_key, language)
) WITHOUT ROWID;
CREATE TABLE assignment (
    brand TEXT NOT NULL, basis TEXT NOT NULL, run_id TEXT NOT NULL, author_key TEXT NOT NULL, cluster INTEGER NOT NULL,
    PRIMARY KEY (brand, basis, run_id, author_key)
) WITHOUT ROWID;
CREATE TABLE published (
    brand TEXT NOT NULL, basis TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (brand, basis)
) WITHOUT ROWID;
"""


def write_version_0(path: Path, brands: dict[str, Sequence[AnalyzedPost]]) -> None:
    """Make a file in which these posts are counted, by turns with the short and the long form of a contribution."""
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(SCHEMA)
        file.execute("PRAGMA journal_mode=WAL")
        for brand, posts in brands.items():
            _count(file, brand, posts)


def _count(file: sqlite3.Connection, brand: str, posts: Sequence[AnalyzedPost]) -> None:
    authors = {one.author_key for one in posts}
    total = combine_all(increment_of(one) for one in posts)
    file.execute("INSERT INTO brand VALUES (?, ?, ?)", (brand, len(authors), json.dumps(to_document(total))))
    for author in authors:
        folded = combine_all(increment_of(one) for one in posts if one.author_key == author)
        order = sort_fields(Profile(brand, author, folded))
        figures = (folded.posts, folded.last_seen, order["mean_rising"], order["mean_falling"])
        body = json.dumps(to_document(folded))
        file.execute("INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?, ?)", (brand, author, *figures, body))
        for language in folded.languages:
            file.execute("INSERT INTO spoken VALUES (?, ?, ?)", (brand, author, language))
    for place, one in enumerate(posts):
        file.execute("INSERT INTO post VALUES (?, ?, ?, ?)", (brand, one.post_key, one.author_key, one.key_version))
        adds = to_document(increment_of(one)) if place % 2 else _short(one)
        row = (brand, one.author_key, one.post_key, json.dumps(adds))
        file.execute("INSERT INTO contribution VALUES (?, ?, ?, ?)", row)


def _short(one: AnalyzedPost) -> dict[str, Any]:
    short: dict[str, Any] = {"hour": int(one.hour.timestamp()), "platform": one.platform, "key_version": 1}
    short["language"] = one.analysis.language.code if one.analysis.language else "und"
    if one.analysis.sentiment is not None:
        short |= {"score": round(one.analysis.sentiment.score * 10**6), "label": one.analysis.sentiment.label}
    if one.analysis.category is not None:
        short["category"] = one.analysis.category.label
    return short | {name: count for name in ("likes", "reposts", "replies") if (count := getattr(one, name))}
