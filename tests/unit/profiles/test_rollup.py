"""What posts add to hours and days."""

import random
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.folding import increment_of
from services.profiles.rollup import (
    DAY_SECONDS,
    EMPTY,
    SPAN_SECONDS,
    SPANS,
    BucketKey,
    Rollup,
    Scored,
    buckets_of,
    join,
    join_all,
    part_from,
    rolled_up,
    rollup_of,
)
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.posts import START, analysis, key, post
from tests.unit.profiles.strategies import EMBEDDED_POSTS

FIRST = int(START.timestamp())
POST_LISTS = st.lists(EMBEDDED_POSTS, max_size=8)


def of(one: AnalyzedPost) -> Rollup:
    """Return what one post adds to each of its buckets."""
    return rollup_of(one.author_key, increment_of(one))


ROLLUPS: st.SearchStrategy[Rollup] = POST_LISTS.map(lambda posts: join_all(map(of, posts)))


def of_all(posts: list[AnalyzedPost]) -> dict[BucketKey, Rollup]:
    """Return what posts add to every bucket."""
    return rolled_up((one.voice, one.author_key, increment_of(one)) for one in posts)


@given(ROLLUPS, ROLLUPS, ROLLUPS)
def test_grouping_does_not_matter(one: Rollup, two: Rollup, three: Rollup) -> None:
    """Joining is associative."""
    assert join(join(one, two), three) == join(one, join(two, three))


@given(ROLLUPS, ROLLUPS)
def test_sides_do_not_matter_and_nothing_is_the_unit(one: Rollup, other: Rollup) -> None:
    """Joining is commutative, and `EMPTY` adds nothing from either side."""
    assert join(one, other) == join(other, one)
    assert join(one, EMPTY) == one == join(EMPTY, one)


@given(POST_LISTS)
def test_a_bucket_is_the_join_of_its_posts(posts: list[AnalyzedPost]) -> None:
    """Rolling up many posts at once equals joining what each adds alone, in each hour and day that it touches."""
    expected: dict[BucketKey, list[Rollup]] = {}
    for one in posts:
        for where in buckets_of(one.voice, int(one.hour.timestamp())):
            expected.setdefault(where, []).append(of(one))
    assert of_all(posts) == {where: reduce(join, parts) for where, parts in expected.items()}


@given(POST_LISTS, st.randoms(use_true_random=False))
def test_order_and_deliveries_do_not_matter(posts: list[AnalyzedPost], dice: random.Random) -> None:
    """Posts in any order and in any two deliveries make the same buckets."""
    shuffled = dice.sample(posts, len(posts))
    cut = len(posts) // 2
    first, second = of_all(shuffled[:cut]), of_all(shuffled[cut:])
    both = {where: join(first.get(where, EMPTY), second.get(where, EMPTY)) for where in first.keys() | second.keys()}
    assert both == of_all(posts)


@given(POST_LISTS)
def test_days_are_the_joins_of_their_hours(posts: list[AnalyzedPost]) -> None:
    """Each voice's day has what its hours have, each author once."""
    found = of_all(posts)
    for where, rollup in found.items():
        hours = [
            part
            for other, part in found.items()
            if (other.voice, other.span) == (where.voice, "hour")
            and other.start - other.start % DAY_SECONDS == where.start
        ]
        if where.span == "day":
            assert join_all(hours) == rollup
        assert where.start % SPAN_SECONDS[where.span] == 0


@given(POST_LISTS, st.data())
def test_taking_out_undoes_joining(posts: list[AnalyzedPost], data: st.DataObject) -> None:
    """Whichever posts go, with the authors who have none left, what stays is the rollup of the others."""
    going = data.draw(st.lists(st.booleans(), min_size=len(posts), max_size=len(posts)))
    taken = [one for one, goes in zip(posts, going, strict=True) if goes]
    rest = [one for one, goes in zip(posts, going, strict=True) if not goes]
    gone = {one.author_key for one in taken} - {one.author_key for one in rest}
    left = part_from(join_all(map(of, posts)), join_all(map(of, taken)), gone)
    assert left == join_all(map(of, rest))


@given(POST_LISTS)
def test_every_post_is_counted(posts: list[AnalyzedPost]) -> None:
    """Both spans hold every post once; labels count scored posts, languages all of them."""
    found = of_all(posts)
    for span in SPANS:
        total = join_all(rollup for where, rollup in found.items() if where.span == span)
        assert total.posts == sum(total.languages.values()) == len(posts)
        assert total.scored_posts == sum(total.labels.values())
        assert total.likes == sum(one.likes for one in posts)
        assert total.authors.authors == len({one.author_key for one in posts})


def test_categories_have_scores_of_their_own() -> None:
    """A category's mean is that of its scored posts; posts without a category are in none."""
    posts = [
        post(1, analyzed=analysis(0.5, category="crew")),
        post(2, analyzed=analysis(0.25, category="crew")),
        post(3, analyzed=analysis(None, category="crew")),
        post(4, analyzed=analysis(1.0, category="$set")),
        post(5, analyzed=analysis(1.0)),
    ]
    [hour, day] = [of_all(posts)[where] for where in buckets_of("external", FIRST)]
    assert hour.categories == {"crew": Scored(3, 2, 750_000), "$set": Scored(1, 1, 10**6)}
    assert hour == day


def test_a_post_is_in_its_hour_and_its_day() -> None:
    """Days are those of UTC; buckets of a voice are its own, also before 1970."""
    assert buckets_of("internal", FIRST + 5 * 3600) == (
        BucketKey("internal", "hour", FIRST + 5 * 3600),
        BucketKey("internal", "day", FIRST),
    )
    assert buckets_of("external", -3600)[1].start == -DAY_SECONDS


def test_voices_do_not_mix() -> None:
    """The same hour of both voices is two buckets."""
    found = of_all([post(1, 1), post(2, 1, voice="internal")])
    assert {(where.voice, where.span): rollup.posts for where, rollup in found.items()} == {
        (voice, span): 1 for voice in ("external", "internal") for span in SPANS
    }


def test_an_author_with_a_post_left_stays_counted() -> None:
    """Taking out one of an author's posts leaves the author in the bucket."""
    whole = join_all([of(post(1, 1)), of(post(2, 1)), of(post(3, 2))])
    left = part_from(whole, of(post(1, 1)), set())
    assert (left.posts, left.authors.authors) == (2, 2)
    assert part_from(left, of(post(3, 2)), {key(2)}).authors.authors == 1
