"""How posts are counted: each once, in its author's profile, in its hour and its day, and in the brand's totals."""

from collections.abc import Mapping, Sequence

from services.profiles.folding import UNIT, Increment, combine, combine_all
from services.profiles.rollup import EMPTY, buckets_of, join, part_from, rolled_up
from services.profiles.stores.state import FIRST_SHARD, Arrival, Changes, KnownAuthor, Loaded, Rule, Wanted
from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError


def fold(arrivals: Sequence[Arrival], *, restored: bool = False) -> Rule[set[str]]:
    """Count each post whose key is new, but for those of authors who are removed or erased; return their keys.

    Posts that are `restored` add to nothing that their backup brought already. Raises InputError.
    """
    posts = [one.post for one in arrivals]
    versions = {post.embedding_version for post in posts if post.embedding_version is not None}
    loaded = yield Wanted(post_keys=[post.post_key for post in posts], lengths=versions, parts=restored)
    changes = Changes(lengths=refuse_other_lengths(posts, loaded.lengths) if versions else {})
    new = [one for one in arrivals if one.post.post_key not in loaded.known]
    if not new:
        return changes, set()
    hours = {(one.post.voice, one.adds.first_seen) for one in new}
    state = yield Wanted(
        authors={one.post.author_key for one in new},
        buckets=[key for voice, hour in hours for key in buckets_of(voice, hour)],
        every_shard="buckets" in loaded.parts,
    )
    authors = state.authors
    counted, refused = list[Arrival](), list[Arrival]()
    for one in new:
        author = authors[one.post.author_key]
        if not author.erased:
            (counted if one.adds.first_seen > author.through else refused).append(one)
    changes.tombstones = [(one.post.post_key, one.post.key_version) for one in refused]
    changes.posts = counted
    if "profiles" not in loaded.parts:
        _add_to_profiles(changes, authors, counted)
    if "buckets" not in loaded.parts:
        changes.posts_shard = state.shard
        _add_to_buckets(changes, state, counted)
    else:
        _take_from_buckets(changes, state, refused)
    return changes, {one.post.post_key for one in counted}


def refuse_other_lengths(posts: Sequence[AnalyzedPost], known: Mapping[str, int]) -> dict[str, int]:
    """Return the lengths of embedding versions that are not `known` yet, which the first post of each sets.

    Raises InputError where a post's embedding has another length than its version: that is a mistake of the sender,
    and must not reach a sum.
    """
    new: dict[str, int] = {}
    for place, post in enumerate(posts):
        version, embedding = post.embedding_version, post.analysis.embedding
        if version is None or embedding is None:
            continue
        wanted = known.get(version) or new.setdefault(version, len(embedding))
        if len(embedding) != wanted:
            raise InputError(
                f"the embedding of post {place} has {len(embedding)} numbers; those of version {version} have {wanted}",
                ("body", "posts", place, "analysis", "embedding"),
            )
    return new


def _add_to_profiles(changes: Changes, authors: Mapping[str, KnownAuthor], counted: Sequence[Arrival]) -> None:
    by_author: dict[str, Increment] = {}
    for one in counted:
        author_key = one.post.author_key
        by_author[author_key] = combine(by_author.get(author_key, UNIT), one.adds)
    for author_key, adds in by_author.items():
        before = authors[author_key]
        after = KnownAuthor(combine(before.folded, adds), before.remnants, before.through)
        changes.authors[author_key] = (before, after)
        changes.profiles += not before.folded.posts
    changes.more = combine_all(by_author.values(), of_author=False)


def _add_to_buckets(changes: Changes, state: Loaded, counted: Sequence[Arrival]) -> None:
    added = rolled_up((one.post.voice, one.post.author_key, one.adds) for one in counted)
    for key, more in added.items():
        place = (key, state.shard)
        changes.buckets[place] = join(state.buckets.get(place, EMPTY), more)


def _take_from_buckets(changes: Changes, state: Loaded, refused: Sequence[Arrival]) -> None:
    """Take posts of authors who were removed after the backup was made out of its buckets, which hold them still."""
    authors = {one.post.author_key for one in refused}
    for key, part in rolled_up((one.post.voice, one.post.author_key, one.adds) for one in refused).items():
        if whole := state.buckets.get((key, FIRST_SHARD)):
            changes.buckets[key, FIRST_SHARD] = part_from(whole, part, authors)
