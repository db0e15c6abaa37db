"""Many buckets together."""

from hypothesis import given

from services.profiles.analytics.totals import total
from services.profiles.author_sketch import MOST, sketch
from services.profiles.folding import increment_of
from services.profiles.rollup import EMPTY, Rollup, join_all, rolled_up
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.analytics.shelf import POSTS


@given(POSTS)
def test_a_total_is_what_joining_one_by_one_gives(posts: list[AnalyzedPost]) -> None:
    """Buckets totalled at once are as those joined one after the other."""
    rollups = list(rolled_up((one.voice, one.author_key, increment_of(one)) for one in posts).values())
    assert total(rollups) == join_all(rollups)
    assert total([]) == EMPTY


def test_authors_of_many_buckets_are_counted_exactly() -> None:
    """Hours that are exact each are exact together, even with more authors than a bucket keeps."""
    hours = [
        Rollup(authors=sketch(f"{author * 9973 % 2**59:032x}" for author in range(hour * 2000, hour * 2000 + 3000)))
        for hour in range(4)
    ]
    authors = total(hours).authors
    assert (authors.authors, authors.exact) == (9000, True)
    assert authors.authors > MOST
