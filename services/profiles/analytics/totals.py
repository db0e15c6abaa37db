"""Many buckets together."""

from collections import Counter
from collections.abc import Iterable

from services.profiles.author_sketch import joined
from services.profiles.rollup import Rollup, Scored


def total(rollups: Iterable[Rollup]) -> Rollup:
    """Return what all of them add together: as `rollup.join_all` does, at a cost that grows with the buckets alone.

    The sketch of authors is joined once and may keep more than a bucket's, so its count is exact wherever those of
    all the buckets are.
    """
    found = list(rollups)
    labels: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    categories: dict[str, Scored] = {}
    for rollup in found:
        labels.update(rollup.labels)
        languages.update(rollup.languages)
        for name, more in rollup.categories.items():
            known = categories.get(name, Scored(0, 0, 0))
            categories[name] = Scored(
                known.posts + more.posts, known.scored_posts + more.scored_posts, known.score_sum + more.score_sum
            )
    return Rollup(
        posts=sum(rollup.posts for rollup in found),
        scored_posts=sum(rollup.scored_posts for rollup in found),
        score_sum=sum(rollup.score_sum for rollup in found),
        likes=sum(rollup.likes for rollup in found),
        reposts=sum(rollup.reposts for rollup in found),
        replies=sum(rollup.replies for rollup in found),
        labels=dict(labels),
        languages=dict(languages),
        categories=categories,
        authors=joined(rollup.authors for rollup in found),
    )
