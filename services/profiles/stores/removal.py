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
from collections.abc import Generator, Mapping, Sequence
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
    """What is to leave one author's profile: posts with an analysis by key, and how many others.

    `hours` are those of all the author's posts, `left_hours` those of the posts that stay.
    """

    author_key: str
    before: KnownAuthor
    hours: Hours
    taken: dict[str, Counted] = field(default_factory=dict)
    traceless: int = 0
    left_hours: Hours = field(init=False)

    def __post_init__(self) -> None:
        """Begin with all that there is."""
        self.left_hours = Counter(self.hours)

    def take(self, posts: Mapping[str, Counted]) -> None:
        """Let these posts go, too."""
        new = {key: post for key, post in posts.items() if key not in self.taken}
        self.taken |= new
        self.left_hours -= Counter((post.voice, post.adds.first_seen) for post in new.values())

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
    state = yield Wanted(authors={*named, *authors}, hours={*named, *authors})
    closing = {
        author_key: hour
        for author_key, hour in authors.items()
        if not (known := state.authors[author_key]).erased and (early or known.folded.posts)
    }
    due = {author_key: hours_through(state.hours[author_key], hour) for author_key, hour in closing.items()}
    found = yield Wanted(
        posts=[
            *(PostsOf(author_key, post_keys=keys) for author_key, keys in named.items()),
            *(PostsOf(author_key, hours={hour for _, hour in hours}, limit=most) for author_key, hours in due.items()),
        ],
    )
    going = {
        author_key: Going(author_key, state.authors[author_key], state.hours[author_key])
        for author_key in {**named, **closing}
    }
    for author_key, keys in named.items():
        going[author_key].take({key: found.posts[author_key][key] for key in keys if key in found.posts[author_key]})
        going[author_key].traceless = len(keys) - len(going[author_key].taken)
    of_posts = sum(one.removed for one in going.values())
    unknown, unfinished = len(post_keys) - of_posts + len(authors) - len(closing), set[str]()
    for author_key, hour in closing.items():
        one, before = going[author_key], state.authors[author_key]
        removed_before = one.removed
        more = {key: post for key, post in found.posts[author_key].items() if post.adds.first_seen <= hour}
        changes.buried.setdefault(author_key, []).extend(more.keys() - one.taken.keys())
        one.take(more)
        if one.left_hours & due[author_key]:
            unfinished.add(author_key)
        else:
            # Whatever has no analysis was counted long ago and goes too; its key stays known, so it does not come back.
            one.traceless = LATEST
        unknown += one.removed == removed_before
        changes.authors[author_key] = (before, replace(before, through=max(hour, before.through)))
    yield from withdraw(changes, list(going.values()))
    removed = sum(one.removed for one in going.values())
    return changes, (RemovalCount(removed, unknown), unfinished)


def hours_through(hours: Hours, last: int) -> Hours:
    """Return the hours up to one."""
    return Counter({(voice, hour): posts for (voice, hour), posts in hours.items() if hour <= last})


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

    A figure that no post going told is the profile's. For the others the hours are read from the latest on.
    """
    whole = one.before.folded
    lost = {
        name
        for post in one.taken.values()
        for name, figure in post.adds.figures.items()
        if whole.figures.get(name) == figure
    }
    figures = {name: figure for name, figure in whole.figures.items() if name not in lost}
    read, most = list[Increment](), RECENT
    by_hour = Counter[int]()
    for (_, hour), posts in one.left_hours.items():
        by_hour[hour] += posts
    hours = sorted(by_hour)
    while hours:
        chosen = [hours.pop()]
        while hours and sum(by_hour[hour] for hour in chosen) < most:
            chosen.append(hours.pop())
        loaded = yield Wanted(posts=[PostsOf(one.author_key, hours=chosen)])
        read += [post.adds for key, post in loaded.posts[one.author_key].items() if key not in one.taken]
        found = combine_all(read)
        same = (found.platform, found.key_version) == (whole.platform, whole.key_version)
        if same and found.figures.keys() >= lost:
            break
        most *= RECENT
    told = {name: figure for name, figure in combine_all(read).figures.items() if name in lost}
    return replace(combine_all(read), figures={**figures, **told})


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
