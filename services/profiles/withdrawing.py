"""What is left of a profile when posts are taken out of it.

Sums could be subtracted. The first and the last hour and the account's figures could not: nothing in a maximum
tells the one below it. So every counted post keeps what it added, its contribution, and what is left is
folded anew from the contributions that stay: exactly what a clean import of those posts makes.

Some posts have no contribution: those that were counted before contributions were kept, or whose contribution
has expired. How many of them are in a profile is known (`posts` less the contributions), what each added is
not. Where one of them is taken out its figures stay for the time being, and it is a remnant. Once every post without
a contribution is a remnant, what they added is just what the contributions do not explain, and all of it goes
at once. So an author of one such post is gone with it; of an author of many the profile keeps their sum until the
last is taken out, or until the author is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.profiles import embedding
from services.profiles.folding import Counts, Increment, combine_all


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A profile after posts were taken out; `remnants` of its posts are, but for their figures.

    `removed` counts the posts that this withdrawal took out, remnants included.
    """

    left: Increment
    remnants: int
    removed: int


def withdraw(
    folded: Increment, remnants: int, taken: Sequence[Increment], traceless: int, rest: Sequence[Increment]
) -> Withdrawal:
    """Take posts out of a profile.

    Args:
        folded: the profile as it is.
        remnants: how many of its posts were taken out before without their figures.
        taken: the contributions of the posts that are to go.
        traceless: how many posts without a contribution are to go.
        rest: the contributions of every post that stays.
    """
    unexplained = folded.posts - len(taken) - len(rest)
    more = min(traceless, unexplained - remnants)
    if remnants + more == unexplained:
        return Withdrawal(combine_all(rest), 0, len(taken) + more)
    return Withdrawal(subtract(folded, combine_all(taken)), remnants + more, len(taken) + more)


def subtract(whole: Increment, part: Increment) -> Increment:
    """Return the sums and counts of `whole` without those of `part`, which must be in it.

    The first and last hour, the account's figures, the platform and the key's version stay those of `whole`.
    """
    return replace(
        whole,
        posts=whole.posts - part.posts,
        scored_posts=whole.scored_posts - part.scored_posts,
        score_sum=whole.score_sum - part.score_sum,
        score_squares=whole.score_squares - part.score_squares,
        subjectivity_posts=whole.subjectivity_posts - part.subjectivity_posts,
        subjectivity_sum=whole.subjectivity_sum - part.subjectivity_sum,
        likes=whole.likes - part.likes,
        reposts=whole.reposts - part.reposts,
        replies=whole.replies - part.replies,
        repost_posts=whole.repost_posts - part.repost_posts,
        reply_posts=whole.reply_posts - part.reply_posts,
        hours=tuple(map(int.__sub__, whole.hours, part.hours)),
        labels=_without(whole.labels, part.labels),
        languages=_without(whole.languages, part.languages),
        categories=_without(whole.categories, part.categories),
        embeddings=embedding.subtract(whole.embeddings, part.embeddings),
    )


def _without(whole: Counts, part: Mapping[str, int]) -> Counts:
    left = {name: count - part.get(name, 0) for name, count in whole.items()}
    return {name: count for name, count in left.items() if count}
