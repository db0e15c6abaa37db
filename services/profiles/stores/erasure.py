"""How an author goes for good: a tombstone first, then brand by brand whatever there is.

The tombstone comes before everything else, so nothing new appears meanwhile. An erasure that a crash cut off is
finished by the same one made again.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.profiles.author_sketch import without
from services.profiles.folding import LATEST, UNIT, combine_all
from services.profiles.kept import Erased
from services.profiles.stores.removal import Going, withdraw
from services.profiles.stores.state import Changes, KnownAuthor, PostsOf, Rule, ShardedKey, Wanted


def bury(author_keys: Sequence[str]) -> Rule[None]:
    """Write the tombstones of these authors."""
    yield Wanted()
    return Changes(erased=author_keys), None


def erase(brand: str, author_key: str, most: int | None) -> Rule[tuple[Erased, bool]]:
    """Take an author with a tombstone out of a brand, with up to `most` posts; tell whether that was all.

    Returns what this removed.
    """
    state = yield Wanted(authors=[author_key], hours=[author_key], assignments=author_key)
    loaded = yield Wanted(posts=[PostsOf(author_key, limit=most)])
    before, taken = state.authors[author_key], loaded.posts[author_key]
    one = Going(author_key, before, state.hours[author_key])
    one.take(taken)
    done = not one.left_hours
    one.traceless = LATEST if done else 0
    changes = Changes(alone=True, expired={author_key: list(taken)})
    yield from withdraw(changes, [one])
    if not done:
        return changes, (Erased(brand, one.removed, len(taken), 0), False)
    if before.folded.posts:
        changes.profiles = -1
        changes.more, changes.less = UNIT, combine_all([before.folded], of_author=False)
    changes.authors[author_key] = (before, KnownAuthor(erased=True))
    changes.forgotten = [author_key]
    return changes, (Erased(brand, before.folded.posts, len(taken), state.assignments), True)


def forget(author_key: str, after: ShardedKey | None) -> Rule[ShardedKey | None]:
    """Take an author out of the counts of distinct authors of a page of buckets; return the last of a full page.

    Which hours count the author is not known of posts that expired: so all hours are looked through.
    """
    state = yield Wanted(buckets_after=after or "first")
    changes = Changes()
    for place, rollup in state.buckets.items():
        rest = without(rollup.authors, [author_key])
        if rest.kept < rollup.authors.kept:
            changes.buckets[place] = replace(rollup, authors=rest)
    return changes, next(reversed(state.buckets), None)
