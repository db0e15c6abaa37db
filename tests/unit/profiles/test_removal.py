"""What is left of a profile without some of its posts: the rules, run on an SQLite file in memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.folding import LATEST, Increment, combine, combine_all, increment_of, subtract
from services.profiles.rollup import rolled_up
from services.profiles.stores.fold import fold
from services.profiles.stores.removal import remove
from services.profiles.stores.sqlite import run
from services.profiles.stores.sqlite_buckets import kept_buckets
from services.profiles.stores.sqlite_posts import sweep
from services.profiles.stores.sqlite_reads import increments
from services.profiles.stores.sqlite_schema import SCHEMA
from services.profiles.stores.state import arrivals
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.strategies import POST_LISTS

AUTHOR = key(1)
COUNTS = ("labels", "languages", "categories")


@contextmanager
def counting(*posts: AnalyzedPost) -> Iterator[sqlite3.Connection]:
    """Yield a database in which these posts are counted."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        count(connection, *posts)
        yield connection


def count(connection: sqlite3.Connection, *posts: AnalyzedPost) -> None:
    """Count posts."""
    run(connection, "acme", fold(arrivals(posts, [0] * len(posts))))


def take(connection: sqlite3.Connection, *post_keys: str) -> int:
    """Remove posts and return how many were."""
    found, _ = run(connection, "acme", remove(post_keys, {}, early=True, most=None))
    return found.removed


def left(connection: sqlite3.Connection) -> Increment | None:
    """Return the author's profile."""
    return increments(connection, "acme", [AUTHOR]).get(AUTHOR)


@settings(max_examples=60)
@given(POST_LISTS, st.data())
def test_what_is_left_is_a_fold_of_what_stays(posts: list[AnalyzedPost], data: st.DataObject) -> None:
    """Whichever posts are taken out, the rest is what folding the rest alone gives, extremes and figures included."""
    distinct = list({one.post_key: one for one in posts}.values())
    going = data.draw(st.sets(st.sampled_from([one.post_key for one in distinct]))) if distinct else set()
    rest = [one for one in distinct if one.post_key not in going]
    with counting(*distinct) as connection:
        assert take(connection, *going) == len(going)
        assert left(connection) == (combine_all(map(increment_of, rest)) if rest else None)
        assert {one.key: one.rollup for one in kept_buckets(connection, "acme")} == rolled_up(
            (one.voice, one.author_key, increment_of(one)) for one in rest
        )


@given(POST_LISTS, POST_LISTS)
def test_subtraction_takes_back_every_sum(ones: list[AnalyzedPost], others: list[AnalyzedPost]) -> None:
    """Sums and counts without a part are those of the other part; a name that counts nothing is gone."""
    one, other = (combine_all(map(increment_of, posts)) for posts in (ones, others))
    rest = subtract(combine(one, other), other)
    assert (rest.posts, rest.score_sum, rest.score_squares, rest.hours) == (
        one.posts,
        one.score_sum,
        one.score_squares,
        one.hours,
    )
    assert (rest.likes, rest.subjectivity_sum, rest.repost_posts) == (
        one.likes,
        one.subjectivity_sum,
        one.repost_posts,
    )
    assert all(getattr(rest, name) == getattr(one, name) for name in COUNTS)


def test_posts_without_an_analysis_go_together() -> None:
    """Of two such posts the first leaves its figures behind, and the second takes both with it."""
    old, new = [post(1, hours=1), post(2, hours=9)], post(3, hours=5, analyzed=analysis(0.9, "de"))
    with counting(*old) as connection:
        sweep(connection, LATEST, 10)
        count(connection, new)
        whole = left(connection)
        assert take(connection, key(1)) == 1
        assert left(connection) == whole
        assert take(connection, key(2)) == 1
        assert left(connection) == increment_of(new)


def test_a_told_post_leaves_untold_ones_with_their_hours() -> None:
    """Beside posts without an analysis sums go exactly, while first and last hour and figures stay as they were."""
    old, new = post(1, hours=1), post(2, hours=9, likes=4, account=Account(followers=7))
    with counting(old) as connection:
        sweep(connection, LATEST, 10)
        count(connection, new)
        assert take(connection, key(2)) == 1
        added = increment_of(new)
        assert left(connection) == replace(
            increment_of(old), last_seen=added.last_seen, figures=added.figures, key_version=1
        )


def test_a_figure_that_few_posts_told_is_found_among_many() -> None:
    """Where the latest post that told it goes, the one before takes its place, however far back that is."""
    posts = [post(number, hours=number, account=Account(followers=number)) for number in range(3, 150)]
    rare = [post(1, hours=1, account=Account(listed=8)), post(2, hours=2, account=Account(listed=3))]
    last = post(200, hours=200, account=Account(listed=5))
    with counting(*rare, *posts, last) as connection:
        take(connection, key(200))
        assert left(connection) == combine_all(map(increment_of, [*rare, *posts]))
        take(connection, key(2), key(149))
        assert left(connection) == combine_all(map(increment_of, [rare[0], *posts[:-1]]))


def test_no_body_of_a_post_that_stays_is_read() -> None:
    """But for a few of the latest, which tell the figures."""
    posts = [post(number, hours=number % 50, account=Account(followers=number)) for number in range(500)]
    with counting(*posts) as connection:
        read: list[str] = []

        def seen(body: str) -> str:
            read.append(body)
            return body

        connection.create_function("seen", 1, seen)
        connection.execute("ALTER TABLE analyzed_post RENAME TO kept")
        connection.execute(
            "CREATE TEMP VIEW analyzed_post AS SELECT rowid, brand, author_key, post_key, hour, voice, stored_at, "
            "seen(body) AS body, embedding FROM kept"
        )
        connection.execute("CREATE TEMP TRIGGER gone INSTEAD OF DELETE ON analyzed_post BEGIN SELECT 1; END")
        take(connection, key(7))
        assert 0 < len(read) <= 20
