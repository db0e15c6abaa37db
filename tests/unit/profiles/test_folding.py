"""What posts add to a profile."""

import random
from dataclasses import replace
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.embedding import Embeddings, add, quantised, sum_of
from services.profiles.folding import UNIT, Increment, adds_of, combine, combine_all, increment_of, subtract
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import START, analysis, post
from tests.unit.profiles.strategies import EMBEDDED_POSTS, INCREMENTS, POST_LISTS

unhurried = settings(deadline=None)


@unhurried
@given(INCREMENTS, INCREMENTS, INCREMENTS)
def test_grouping_does_not_matter(one: Increment, two: Increment, three: Increment) -> None:
    """Combining is associative."""
    assert combine(combine(one, two), three) == combine(one, combine(two, three))


@unhurried
@given(INCREMENTS, INCREMENTS)
def test_sides_do_not_matter(one: Increment, other: Increment) -> None:
    """Combining is commutative."""
    assert combine(one, other) == combine(other, one)


@unhurried
@given(INCREMENTS)
def test_the_unit_adds_nothing(increment: Increment) -> None:
    """The unit leaves every increment as it is, from either side."""
    assert combine(UNIT, increment) == increment == combine(increment, UNIT)


@unhurried
@given(POST_LISTS, st.randoms(use_true_random=False))
def test_order_and_batches_do_not_matter(posts: list[AnalyzedPost], dice: random.Random) -> None:
    """Posts in any order, in any two batches, add the same."""
    shuffled = list(posts)
    dice.shuffle(shuffled)
    cut = len(shuffled) // 2
    batches = [combine_all(map(increment_of, part)) for part in (shuffled[:cut], shuffled[cut:])]
    assert combine_all(batches) == combine_all(map(increment_of, posts))


@unhurried
@given(POST_LISTS)
def test_every_post_is_counted(posts: list[AnalyzedPost]) -> None:
    """Posts, hours and languages each count every post; labels count the scored ones."""
    total = combine_all(map(increment_of, posts))
    assert total.posts == sum(total.hours) == sum(total.languages.values()) == len(posts)
    assert total.scored_posts == sum(total.labels.values())


def test_scores_are_summed_with_their_squares() -> None:
    """Sums are exact in millionths."""
    total = combine_all([increment_of(post(1, analyzed=analysis(0.1))), increment_of(post(2, analyzed=analysis(0.7)))])
    assert (total.scored_posts, total.score_sum, total.score_squares) == (2, 800_000, 500_000_000_000)
    assert total.labels == {"negative": 1, "positive": 1}


def test_a_post_in_an_unknown_tongue_stays_out_of_means() -> None:
    """A post in a language that the model was not trained on is counted, without score, label or subjectivity."""
    added = increment_of(post(1, analyzed=analysis(0.9, "ja", subjectivity=0.4, supported_language=False)))
    assert (added.posts, added.scored_posts, added.score_sum, added.subjectivity_posts) == (1, 0, 0, 0)
    assert added.labels == {}
    assert added.languages == {"ja": 1}


def test_a_post_without_sentiment_is_counted_unscored() -> None:
    """A post that has no sentiment counts as a post; what else is known of it counts too."""
    added = increment_of(post(1, analyzed=analysis(None, None, "crew", subjectivity=0.25)))
    assert (added.posts, added.scored_posts, added.subjectivity_posts, added.subjectivity_sum) == (1, 0, 1, 250_000)
    assert added.languages == {"und": 1}
    assert added.categories == {"crew": 1}


def test_one_post_adds_what_it_says() -> None:
    """Reactions, kinds, time and hour of day of a post are taken over."""
    added = increment_of(post(1, hours=25, likes=3, reposts=4, replies=5, is_repost=True, is_reply=True, key_version=2))
    assert (added.likes, added.reposts, added.replies, added.repost_posts, added.reply_posts) == (3, 4, 5, 1, 1)
    assert added.first_seen == added.last_seen == int(START.timestamp()) + 25 * 3600
    assert added.hours == (0, 1) + (0,) * 22
    assert (added.platform, added.key_version) == ("x", 2)


def test_an_author_who_stands_for_unknown_people_stays_one() -> None:
    """Any post that says so marks the profile, whatever was folded before by a version that did not tell."""
    silent, told = increment_of(post(1)), increment_of(post(2, author_is_unknown=True))
    assert [silent.is_unknown, told.is_unknown] == [False, True]
    assert combine(silent, told).is_unknown
    assert subtract(combine(silent, told), told).is_unknown


def test_account_figures_come_from_the_latest_post_that_knows_them() -> None:
    """A figure is that of the latest hour which told it; within an hour the larger; unknown ones erase nothing."""
    early = post(1, hours=1, account=Account(followers=900, verified=True, listed=8))
    late = post(2, hours=5, account=Account(followers=100, verified=False))
    twin = post(3, hours=5, account=Account(followers=200))
    figures = combine_all(map(increment_of, (late, early, twin))).figures
    assert {name: value for name, (_, value) in figures.items()} == {"followers": 200, "verified": 0, "listed": 8}


@unhurried
@given(st.lists(EMBEDDED_POSTS, max_size=8))
def test_many_at_once_add_what_they_add_one_by_one(posts: list[AnalyzedPost]) -> None:
    """The sum of many is that of combining them pair by pair, to the last field, with embeddings and without."""
    increments = [increment_of(one) for one in posts]
    whole = reduce(combine, increments, UNIT)
    assert combine_all(increments) == whole
    assert combine_all([UNIT, *increments, UNIT]) == whole
    assert combine_all(increments, of_author=False) == replace(whole, figures={}, embeddings={})


@unhurried
@given(st.lists(EMBEDDED_POSTS, max_size=8), st.integers(0, 8))
def test_embeddings_add_up_whatever_the_batches(posts: list[AnalyzedPost], cut: int) -> None:
    """Sums of embeddings are exact, each version's apart, with as many posts as have that version."""
    total = combine_all([combine_all(map(increment_of, part)) for part in (posts[:cut], posts[cut:])])
    ones: list[Embeddings] = [
        {str(one.embedding_version): sum_of(quantised(one.analysis.embedding or []))} for one in posts
    ]
    nothing: Embeddings = {}
    assert total.embeddings == reduce(add, ones, nothing)
    assert sum(one.posts for one in total.embeddings.values()) == len(posts)


@given(EMBEDDED_POSTS)
def test_a_post_whose_embedding_is_quantised_already_adds_the_same(one: AnalyzedPost) -> None:
    """Quantising before the store is asked changes nothing of what a post adds."""
    assert one.analysis.embedding is not None
    assert adds_of(one, quantised(one.analysis.embedding)) == increment_of(one)
