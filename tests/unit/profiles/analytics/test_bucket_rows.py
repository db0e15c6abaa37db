"""What a reader of SQLite does for a page of buckets."""

import sqlite3

import pytest

from services.profiles.folding import increment_of
from services.profiles.rollup import Rollup, join, rolled_up
from services.profiles.stores import sqlite_buckets
from services.profiles.stores.sqlite_schema import SCHEMA
from services.profiles.stores.sqlite_writes import save
from services.profiles.stores.state import FIRST_SHARD, Changes
from shared.analyzed_post import Voice
from tests.unit.profiles.posts import START, post

BASE = int(START.timestamp())


@pytest.mark.parametrize(
    ("voice", "limit", "days", "joins"),
    [(None, 6, 6, 2), (None, None, 9, 5), ("external", 3, 3, 0), ("internal", 9, 5, 0)],
)
def test_only_what_is_asked_for_is_joined(
    monkeypatch: pytest.MonkeyPatch, voice: Voice | None, limit: int | None, days: int, joins: int
) -> None:
    """Buckets of one voice are as they are kept, and none beyond the limit is put together."""
    posts = [post(number, number, 24 * number) for number in range(9)]
    posts += [post(20 + number, 20 + number, 24 * (4 + number), voice="internal") for number in range(5)]
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.executescript(SCHEMA)
    buckets = rolled_up((one.voice, one.author_key, increment_of(one)) for one in posts)
    save(connection, "acme", Changes(buckets={(key, FIRST_SHARD): one for key, one in buckets.items()}))
    joined = 0

    def counting(one: Rollup, other: Rollup) -> Rollup:
        nonlocal joined
        joined += 1
        return join(one, other)

    monkeypatch.setattr(sqlite_buckets, "join", counting)
    found = sqlite_buckets.rollups(connection, "acme", "day", (0, BASE + 10**8), voice, limit)
    connection.close()
    assert (len(found), joined) == (days, joins)
