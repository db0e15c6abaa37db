"""What is left of a profile without some of its posts."""

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.folding import UNIT, combine, combine_all, increment_of, subtract
from services.profiles.withdrawing import Withdrawal, withdraw
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import analysis, post
from tests.unit.profiles.strategies import POST_LISTS

COUNTS = ("labels", "languages", "categories")


@given(POST_LISTS, st.data())
def test_what_is_left_is_a_fold_of_what_stays(posts: list[AnalyzedPost], data: st.DataObject) -> None:
    """Whichever posts are taken out, the rest is what folding the rest alone gives, extremes and figures included."""
    going = data.draw(st.lists(st.booleans(), min_size=len(posts), max_size=len(posts)))
    taken = [increment_of(item) for item, goes in zip(posts, going, strict=True) if goes]
    rest = [increment_of(item) for item, goes in zip(posts, going, strict=True) if not goes]
    folded = combine_all([*taken, *rest])
    assert withdraw(folded, 0, taken, 0, rest) == Withdrawal(combine_all(rest), 0, len(taken))


@given(POST_LISTS, POST_LISTS)
def test_subtraction_takes_back_every_sum(ones: list[AnalyzedPost], others: list[AnalyzedPost]) -> None:
    """Sums and counts without a part are those of the other part; a name that counts nothing is gone."""
    one, other = (combine_all(map(increment_of, posts)) for posts in (ones, others))
    left = subtract(combine(one, other), other)
    assert (left.posts, left.score_sum, left.score_squares, left.hours) == (
        one.posts,
        one.score_sum,
        one.score_squares,
        one.hours,
    )
    assert (left.likes, left.subjectivity_sum, left.repost_posts) == (
        one.likes,
        one.subjectivity_sum,
        one.repost_posts,
    )
    assert all(getattr(left, name) == getattr(one, name) for name in COUNTS)


def test_posts_without_a_contribution_go_together() -> None:
    """Of two such posts the first leaves its figures behind, and the second takes both with it."""
    old = combine_all([increment_of(post(1, hours=1)), increment_of(post(2, hours=9))])
    new = increment_of(post(3, hours=5, analyzed=analysis(0.9, "de")))
    folded = combine(old, new)
    first = withdraw(folded, 0, [], 1, [new])
    assert first == Withdrawal(folded, 1, 1)
    assert withdraw(folded, first.remnants, [], 1, [new]) == Withdrawal(new, 0, 1)


def test_a_told_post_leaves_untold_ones_with_their_hours() -> None:
    """Beside posts without a contribution sums go exactly, while first and last hour and figures stay as they were."""
    old = increment_of(post(1, hours=1))
    new = increment_of(post(2, hours=9, likes=4, account=Account(followers=7)))
    done = withdraw(combine(old, new), 0, [new], 0, [])
    assert (done.left.posts, done.left.likes, done.left.hours, done.remnants) == (1, 0, old.hours, 0)
    assert done.left.last_seen == new.last_seen
    assert done.left.figures == new.figures


def test_more_posts_than_there_are_cannot_go() -> None:
    """A post whose author was removed before it takes nothing more out of the profile of later posts."""
    new = increment_of(post(3))
    assert withdraw(new, 0, [], 5, [new]) == Withdrawal(new, 0, 0)
    assert withdraw(new, 0, [new], 5, []) == Withdrawal(UNIT, 0, 1)
