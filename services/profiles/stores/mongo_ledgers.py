"""Exactly-once counting in MongoDB without transactions: what a post adds to, and why it is added once.

A post belongs to several ledgers: its profile, and the hour and the day of its voice (`mongo_buckets`). Each ledger
is one document with a `version`. A post is first inserted as pending, with its analysis. One update of a ledger then
adds pending posts to it, along with their ids in the ledger's `uncommitted`, guarded by the ledger's version. Once
every ledger of a post has it, the post is marked counted, and last its id leaves `uncommitted` everywhere. So, as
long as nothing is removed, at every moment and for each ledger of a post

    the post is in the ledger  <=>  it is marked counted, or its id is in the ledger's `uncommitted`.

A folder reads the ledger first and the posts' states after. A post that it finds pending and not among the
`uncommitted` was not in the ledger at the first read: ids leave `uncommitted` only after their posts were marked. Had
the post been added since, the version would have moved and the guarded update would match nothing, and the folder
starts over. Nobody need know who is still alive: any folder may finish another's work at any moment, and what a crash
left is finished by the same delivery or by the next start. A ledger is never deleted, so no version ever comes back
with another content; one without posts is found by nobody.

The profile comes first, and alone decides whether a post is refused. A profile whose author was removed says in
`through` up to which hour. A folder that finds a post of such an hour pending and not `uncommitted` there marks it
removed instead of adding it: the post was not in the profile at the first read, and nobody can add it any more. Whoever
read the profile before `through` was set (or moved) has an older version, and whoever reads it after sees it.
A post is added to a bucket only by a folder that knows it to be in the profile: by its own update that matched, or by
a read that met the id in the profile's `uncommitted`. Such a post is never refused, at the latest from then on: a
refusal needs a version of the profile, with `through`, at which the post was outside, and from that version on it
stays outside. So no bucket ever holds a post that is refused.

A removal is a fold backwards (`mongo_removing`): a counted post is marked removing, leaves each of its ledgers by an
update that puts its id into the ledger's `withdrawn`, is marked removed when it is out of all, and last its id leaves
`withdrawn`. States only go forward, and removed is the last. So at every moment, for each ledger,

    a post is in the ledger  <=>  its id is in `uncommitted` and it is pending, or it is counted,
                                  or it is removing and its id is not in `withdrawn`.

A remover reads the ledger first and the states of the author's posts after. Take a post that it finds removing and not
`withdrawn`. Ids leave `withdrawn` only after their posts were marked removed, for good, so the post had not been
withdrawn before the first read. It was counted once, so it had been added to this ledger, as to all: before the first
read, and then it was there; or after, and then the version has moved. If somebody else withdrew it after the first
read, the version has moved too. So where the guarded update matches, the post was in the ledger and leaves it once. By
the same reading the remover knows of every post of the author whether it was in the ledger at that version. (A post
that goes from pending to counted between the reads was in the ledger either way, or the version has moved. The states
are read in one pass by the index on `profile`, which a post keeps until it is removed: none is met twice, none passed
over.)

An embedding, a text and an analysis may expire at any moment: only counted posts lose them, so a post that is
pending or removing keeps what it takes to finish it.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.profiles.folding import LATEST

ATTEMPTS = 60
MAX_WAIT_SECONDS = 0.2
SHARDS = 8
"""So many documents share what every replica would write at once: each store writes to one of them."""
NEVER = -LATEST
_DUPLICATE_KEY = 11000

Document = dict[str, Any]
Guarded = tuple[Mapping[str, Any], Mapping[str, Any]]
"""An update's filter, with the version that was read, and its change."""


class BrandLocks:
    """Lets one task of this process at a time write what all deliveries of a brand write.

    It only spares attempts: what keeps the counts right are the versions, since other processes do not wait here.
    """

    def __init__(self) -> None:
        """Hold nobody."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def of(self, brand: str) -> asyncio.Lock:
        """Return the lock of a brand."""
        return self._locks[brand]


async def wait_turn(attempt: int) -> None:
    """Wait a while before the next attempt, longer each time, and never as long as somebody else."""
    await asyncio.sleep(random.uniform(0, min(MAX_WAIT_SECONDS, 0.005 * 2**attempt)))  # noqa: S311 - jitter


async def insert_missing(collection: Any, documents: Sequence[Document]) -> set[str]:
    """Insert the documents whose id is not there yet, and return the ids that were."""
    if not documents:
        return set()
    try:
        await collection.bulk_write([InsertOne(document) for document in documents], ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(item["code"] != _DUPLICATE_KEY for item in failures):
            raise
        return {documents[item["index"]]["_id"] for item in failures}
    return set()


async def write_all(collection: Any, inserts: Sequence[Document], updates: Sequence[Guarded]) -> bool:
    """Write documents that are new and updates that match; tell whether nobody else was first with any of them."""
    lost = await insert_missing(collection, inserts)
    if not updates:
        return not lost
    result = await collection.bulk_write([UpdateOne(guard, change) for guard, change in updates], ordered=False)
    return not lost and result.matched_count == len(updates)


def brand_of(identifier: str) -> str:
    """Return the brand that the id of a post, a profile or a bucket begins with."""
    return identifier.partition("|")[0]


def of_brand(brand: str, after: str | None = None) -> Document:
    """Return the condition on ids that belong to a brand, after one of its keys."""
    return {"$gt": f"{brand}|{after or ''}", "$lt": f"{brand}}}"}
