"""Documents of profiles in MongoDB, and what a reading of them allows a folder to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.profiles.embedding import Embeddings, EmbeddingSum
from services.profiles.encoding import from_document, to_document
from services.profiles.folding import UNIT, Increment, combine, combine_all
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.stores.mongo_ledgers import NEVER, Document, Guarded
from services.profiles.stores.mongo_posts import BUCKETS, PROFILES, Entry
from services.profiles.stores.mongo_totals import owed

LASTING = frozenset({"_id", "version", "uncommitted", "withdrawn", "owed", "through", "closing", "removed", "erased"})
"""What stays in the document of a profile without a post."""
NO_EMBEDDINGS = {"embeddings": 0}
"""For whoever reads profiles without the sums of their embeddings, most of their bytes."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one reading allows: profiles to insert, or to update from a version on.

    `adding` are the posts that these add, `inside` those that are in their profile already and wait for being marked.
    `refused` are posts that came after their author's removal, `unwelcome` those of authors who are erased, and
    `returned` refused ones that are in buckets already, because a backup brought these.
    """

    inserts: list[Document] = field(default_factory=list)
    updates: list[Guarded] = field(default_factory=list)
    adding: list[Entry] = field(default_factory=list)
    inside: list[Entry] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unwelcome: list[str] = field(default_factory=list)
    returned: list[Entry] = field(default_factory=list)

    @property
    def done(self) -> set[str]:
        """Return the ids of the posts that this round is done with, but for those that it adds or marks."""
        return {*self.refused, *self.unwelcome, *(entry.post_id for entry in self.returned)}


def plan(profiles: Sequence[Document], pending: Sequence[Entry], shard: int) -> Round:
    """Return what may be done with pending posts, whose states were read after the profiles.

    `shard` is that of the brand's totals which new changes are owed to.
    """
    by_profile: dict[str, list[Entry]] = {}
    for entry in pending:
        by_profile.setdefault(entry.profile_id, []).append(entry)
    known = {profile["_id"]: profile for profile in profiles}
    found = Round()
    for profile_id, entries in by_profile.items():
        before = known.get(profile_id, {})
        uncommitted, through = set(before.get("uncommitted", ())), before.get("through", NEVER)
        outside = [entry for entry in entries if entry.post_id not in uncommitted]
        late = [entry for entry in outside if entry.hour <= through]
        refused = found.unwelcome if before.get("erased") else found.refused
        refused.extend(entry.post_id for entry in late if before.get("erased") or BUCKETS not in entry.given)
        found.returned.extend(entry for entry in late if not before.get("erased") and BUCKETS in entry.given)
        found.inside.extend(entry for entry in entries if entry.post_id in uncommitted)
        if new := [entry for entry in outside if entry.hour > through]:
            _add(found, profile_id, known.get(profile_id), new, shard)
    return found


def _add(found: Round, profile_id: str, before: Document | None, entries: Sequence[Entry], shard: int) -> None:
    """Plan to add the posts; those whose profile a backup brought are only noted, for the figures have them."""
    found.adding.extend(entries)
    ids = [entry.post_id for entry in entries]
    added = combine_all(entry.adds for entry in entries if entry.adds and PROFILES not in entry.given)
    version = before["version"] + 1 if before else 1
    folded = folded_of(before)
    fields, owing = _change(profile_id, version, shard, folded, combine(folded, added)) if added.posts else ({}, [])
    if before is None:
        found.inserts.append({"_id": profile_id, "version": 1, "uncommitted": ids, "owed": owing, **fields})
        return
    change: Document = {"$push": {"uncommitted": {"$each": ids}}, "$inc": {"version": 1}}
    if owing:
        change["$set"] = fields
        change["$push"]["owed"] = {"$each": owing}
    found.updates.append(({"_id": profile_id, "version": before["version"]}, change))


def _change(
    profile_id: str, version: int, shard: int, before: Increment, after: Increment
) -> tuple[Document, list[Document]]:
    return profile_fields(profile_id, after), [owed(profile_id, version, shard, before, after)]


def folded_of(profile: Mapping[str, object] | None) -> Increment:
    """Return what a profile's document holds; the unit where it is empty, or not there."""
    return from_document(profile, _embeddings(profile)) if profile and "posts" in profile else UNIT


def profile_fields(profile_id: str, folded: Increment) -> Document:
    """Return the fields of a profile with posts."""
    brand, _, author_key = profile_id.partition("|")
    sums = [
        {"version": version, "posts": total.posts, "sums": total.sums} for version, total in folded.embeddings.items()
    ]
    order = sort_fields(Profile(brand, author_key, folded))
    return {"brand": brand, "author_key": author_key, **to_document(folded), **order, "embeddings": sums}


def _embeddings(profile: Mapping[str, object]) -> Embeddings:
    found: Sequence[Document] = profile.get("embeddings", ())  # type: ignore[assignment]
    return {one["version"]: EmbeddingSum(one["posts"], bytes(one["sums"])) for one in found}
