"""How posts are taken out again, so that what is left is as if they had never come.

Sums are subtracted. The first and the last hour and the account's figures cannot be: nothing in a maximum tells the
one below it. So they are found anew among the posts that stay: the hours by their counts, a figure by reading the
latest posts until one tells it. The body of a post that stays is read for nothing else, however many there are.

Of some posts nothing tells any more what they added: their analysis has expired, or they were counted by a version that
kept none. How many of them are in a profile is known (`posts` less those with an analysis), what each added is not.
Where one of them is taken out its figures stay for the time being, and it is a remnant. Once every such post is a
remnant, what they added is just what the others do not explain, and all of it goes at once. So an author of one such
post is gone with it; of an author of many the profile keeps their sum until the last is taken out, or the author is.
"""

from collections import Counter
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.profiles.folding import LATEST, UNIT, Increment, combine_all, subtract
from services.profiles.rollup import EMPTY, BucketKey, Rollup, buckets_of, join, part_from, rolled_up
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.state import (
    TOMBSTONE,
    Changes,
    Counted,
    KnownAuthor,
    Loaded,
    PostsOf,
    Rule,
    ShardedKey,
    Wanted,
)
from shared.analyzed_post import Voice

RECENT: Final = 10
"""Posts read first where an author's figures are looked for; then ten times as many at a time."""
Hours = Counter[tuple[Voice, int]]
"""How many of an author's posts with an analysis there are, by voice and hour."""


@dataclass(slots=True)
class Going:
    """What is to leave one author's profile: posts with an analysis by key, and how many others."""

    author_key: str
    before: KnownAuthor
    hours: Hours
    taken: dict[str, Counted] = field(default_factory=dict)
    traceless: int = 0

    @property
    def left_hours(self) -> Hours:
        """Return the hours of the posts that stay."""
        return self.hours - Counter((post.voice, post.adds.first_seen) for post in self.taken.values())

    @property
    def unexplained(self) -> int:
        """Return how many posts of the profile have no analysis."""
        return max(0, self.before.folded.posts - self.hours.total())

    @property
    def remnants(self) -> int:
        """Return how many posts will be remnants."""
        return self.before.remnants + min(self.traceless, max(0, self.unexplained - self.before.remnants))

    @property
    def removed(self) -> int:
        """Return how many posts leave the profile, remnants included."""
        if not self.before.folded.posts:
            return 0
        return len(self.taken) + self.remnants - self.before.remnants

    @property
    def leaves_remnants(self) -> bool:
        """Tell whether figures stay that no post explains."""
        return self.remnants < self.unexplained


def remove(
    post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool, most: int | None
) -> Rule[tuple[RemovalCount, set[str]]]:
    """Take posts out, and authors up to an hour, as `ProfileStore.remove` says; `post_keys` are distinct.

    Of the authors' posts up to `most` are taken out; returns those authors, too, who have more of them.
    """
    loaded = yield Wanted(post_keys=post_keys)
    named: dict[str, list[str]] = {}
    for post_key, author_key in loaded.known.items():
        if author_key != TOMBSTONE:
            named.setdefault(author_key, []).append(post_key)
    changes = Changes(buried=named)
    if early:
        changes.tombstones = [(post_key, 0) for post_key in post_keys if post_key not in loaded.known]
    state = yield Wanted(
        authors={*named, *authors},
        hours={*named, *authors},
        posts=[
            *(PostsOf(author_key, keys) for author_key, keys in named.items()),
            *(PostsOf(author_key, through=hour, limit=most) for author_key, hour in authors.items()),
        ],
    )
    going = {author_key: _named(author_key, state, keys) for author_key, keys in named.items()}
    of_posts = sum(one.removed for one in going.values())
    unknown, unfinished = len(post_keys) - of_posts, set[str]()
    for author_key, hour in authors.items():
        before = state.authors[author_key]
        if before.erased or not (early or before.folded.posts):
            unknown += 1
            continue
        one = going.setdefault(author_key, Going(author_key, before, state.hours[author_key]))
        removed_before = one.removed
        more = {key: post for key, post in state.posts[author_key].items() if post.adds.first_seen <= hour}
        changes.buried.setdefault(author_key, []).extend(more.keys() - one.taken.keys())
        one.taken |= more
        if most is not None and len(more) >= most:
            unfinished.add(author_key)
        else:
            # Whatever has no analysis was counted long ago and goes too; its key stays known, so it does not come back.
            one.traceless = LATEST
        unknown += one.removed == removed_before
        through = max(hour, before.through)
        changes.authors[author_key] = (before, replace(before, through=through))
    yield from withdraw(changes, list(going.values()))
    removed = sum(one.removed for one in going.values())
    return changes, (RemovalCount(removed, unknown), unfinished)


def _named(author_key: str, state: Loaded, keys: Collection[str]) -> Going:
    found = state.posts[author_key]
    taken = {key: found[key] for key in keys if key in found}
    return Going(author_key, state.authors[author_key], state.hours[author_key], taken, len(keys) - len(taken))


def withdraw(changes: Changes, going: Sequence[Going]) -> Generator[Wanted, Loaded, None]:
    """Take the posts out of profiles, totals and buckets, and note that in `changes`."""
    parts = _parts(going)
    state = yield Wanted(
        buckets={key for key, _ in parts},
        every_shard=True,
        posts=[PostsOf(one.author_key) for one in going if _needs_all(one)],
    )
    _leave_buckets(changes, state, going, parts)
    before: list[Increment] = []
    after: list[Increment] = []
    for one in going:
        folded = one.before.folded
        if not folded.posts or not one.removed:
            continue
        left = yield from _left(one, state.posts.get(one.author_key, {}))
        kept = changes.authors.get(one.author_key, (one.before, one.before))[1]
        remnants = one.remnants if one.leaves_remnants else 0
        changes.authors[one.author_key] = (one.before, replace(kept, folded=left, remnants=remnants))
        changes.profiles -= not left.posts
        before.append(folded)
        after.append(left)
    changes.more, changes.less = combine_all(after, of_author=False), combine_all(before, of_author=False)


def _needs_all(one: Going) -> bool:
    """Tell whether what no post explains goes, while others stay: then the profile is the sum of those."""
    return bool(one.removed and one.unexplained and not one.leaves_remnants and one.left_hours)


def _left(one: Going, every: Mapping[str, Counted]) -> Generator[Wanted, Loaded, Increment]:
    """Return what is left of the profile."""
    if _needs_all(one):
        return combine_all(post.adds for key, post in every.items() if key not in one.taken)
    hours = one.left_hours
    if not hours and not one.leaves_remnants:
        return UNIT
    left = subtract(one.before.folded, combine_all(post.adds for post in one.taken.values()))
    if one.leaves_remnants:
        return left
    seen = [hour for _, hour in hours]
    latest = yield from _latest(one)
    return replace(
        left,
        first_seen=min(seen),
        last_seen=max(seen),
        figures=latest.figures,
        platform=latest.platform,
        key_version=latest.key_version,
    )


def _latest(one: Going) -> Generator[Wanted, Loaded, Increment]:
    """Return the figures, platform and key version of the posts that stay, reading no more of them than it takes.

    A figure that no post going told is the profile's. Of the others the posts are read from the latest on, until
    each is told by one of a later hour than those that are not read yet.
    """
    whole = one.before.folded
    lost = {
        name
        for post in one.taken.values()
        for name, figure in post.adds.figures.items()
        if whole.figures.get(name) == figure
    }
    figures = {name: figure for name, figure in whole.figures.items() if name not in lost}
    read: list[Increment] = []
    before: tuple[int, str] | None = None
    limit = RECENT
    while True:
        loaded = yield Wanted(posts=[PostsOf(one.author_key, before=before, limit=limit)])
        page = loaded.posts[one.author_key]
        read.extend(post.adds for key, post in page.items() if key not in one.taken)
        found = combine_all(read)
        if page:
            last = next(reversed(page))
            before = (page[last].adds.first_seen, last)
        settled = (
            before is not None
            and all(name in found.figures and found.figures[name][0] > before[0] for name in lost)
            and (found.platform, found.key_version) == (whole.platform, whole.key_version)
        )
        if len(page) < limit or settled:
            told = {name: figure for name, figure in found.figures.items() if name in lost}
            return replace(found, figures={**figures, **told})
        limit *= RECENT


def _parts(going: Sequence[Going]) -> dict[ShardedKey, Rollup]:
    """Return what the posts take with them from each bucket."""
    parts: dict[ShardedKey, Rollup] = {}
    for one in going:
        for shard in {post.shard for post in one.taken.values()}:
            same = ((post.voice, one.author_key, post.adds) for post in one.taken.values() if post.shard == shard)
            for key, part in rolled_up(same).items():
                parts[key, shard] = join(parts.get((key, shard), EMPTY), part)
    return parts


def _leave_buckets(changes: Changes, state: Loaded, going: Sequence[Going], parts: Mapping[ShardedKey, Rollup]) -> None:
    """Take the parts out of the buckets, and from each the authors who have no post left in it.

    While an author has posts of which nothing tells the hour any more, the author stays in all of them.
    """
    leaving: dict[BucketKey, set[str]] = {}
    for one in going:
        if one.unexplained > one.before.remnants:
            continue
        staying = {key for voice, hour in one.left_hours for key in buckets_of(voice, hour)}
        for post in one.taken.values():
            for key in buckets_of(post.voice, post.adds.first_seen):
                if key not in staying:
                    leaving.setdefault(key, set()).add(one.author_key)
    for (key, shard), whole in state.buckets.items():
        left = part_from(whole, parts.get((key, shard), EMPTY), leaving.get(key, ()))
        if left != whole:
            changes.buckets[key, shard] = left
