"""How the rows of a backup are taken over: by a brand that has none of their kind, or none but those restored."""

from collections.abc import Sequence
from dataclasses import replace

from services.profiles.author_sketch import without
from services.profiles.folding import combine_all
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, RemovedAuthor
from services.profiles.stores.state import (
    FIRST_SHARD,
    NOTHING,
    TOMBSTONE,
    Changes,
    KnownAuthor,
    Loaded,
    Part,
    Rule,
    Wanted,
)


def restore_profiles(profiles: Sequence[KeptProfile]) -> Rule[int]:
    """Take over profiles of authors who are new here, unless the brand has some of its own; return how many."""
    state = yield Wanted(authors=[kept.profile.author_key for kept in profiles], parts=True)
    changes = Changes()
    if not _takes("profiles", state, changes):
        return NOTHING, 0
    # A profile that reaches back to what is removed is older than the removal.
    new = [
        kept
        for kept in profiles
        if not (author := state.authors[kept.profile.author_key]).erased
        and not author.folded.posts
        and kept.profile.folded.first_seen > author.through
    ]
    for kept in new:
        author_key, folded = kept.profile.author_key, kept.profile.folded
        before = state.authors[author_key]
        changes.authors[author_key] = (before, KnownAuthor(folded, kept.remnants, before.through))
        changes.clusters[author_key] = kept.profile.clusters
    changes.lengths = {
        version: total.dimensions for kept in new for version, total in kept.profile.folded.embeddings.items()
    }
    changes.profiles = len(new)
    changes.more = combine_all((kept.profile.folded for kept in new), of_author=False)
    return changes, len(new)


def restore_buckets(buckets: Sequence[KeptBucket], erased: Sequence[str]) -> Rule[int]:
    """Take over buckets that are new here, unless the brand has some of its own; return how many.

    Authors who are `erased` are left out of the counts of distinct authors.
    """
    state = yield Wanted(buckets=[kept.key for kept in buckets], every_shard=True, parts=True)
    changes = Changes()
    if not _takes("buckets", state, changes):
        return NOTHING, 0
    known = {key for key, _ in state.buckets}
    for kept in buckets:
        if kept.key not in known:
            rollup = kept.rollup
            changes.buckets[kept.key, FIRST_SHARD] = (
                replace(rollup, authors=without(rollup.authors, erased)) if erased else rollup
            )
    return changes, len(changes.buckets)


def restore_keys(posts: Sequence[KeptPost]) -> Rule[int]:
    """Keep posts of which a backup has the key alone, but for those of authors who are erased; return how many."""
    first = {kept.post_key: kept for kept in reversed(posts)}
    state = yield Wanted(post_keys=first.keys(), authors={kept.author_key for kept in posts if kept.author_key})
    keys = [
        (post_key, kept.author_key or TOMBSTONE, kept.key_version)
        for post_key, kept in first.items()
        if post_key not in state.known and not (kept.author_key and state.authors[kept.author_key].erased)
    ]
    return Changes(keys=keys), len(keys)


def restore_removals(removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> Rule[None]:
    """Take over who was removed from the brand, and who was erased altogether."""
    state = yield Wanted(authors=[author.author_key for author in removed])
    changes = Changes(erased=erased)
    for author in removed:
        before = state.authors[author.author_key]
        changes.authors[author.author_key] = (before, replace(before, through=max(author.through, before.through)))
    return changes, None


def _takes(part: Part, state: Loaded, changes: Changes) -> bool:
    """Tell whether the brand takes this part of a backup, and note in `changes` where it does so for the first time."""
    if part in state.parts:
        return True
    if part in state.present:
        return False
    changes.parts.append(part)
    changes.alone = True
    return True
