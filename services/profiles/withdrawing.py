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

from collections.abc import Sequence
from dataclasses import dataclass

from services.profiles.folding import Increment, combine_all, subtract


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
