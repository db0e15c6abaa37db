"""Brands and erased authors in MongoDB: what a folder must know before it lets a post in.

An erasure writes the author's tombstone first and looks for posts in every brand after. A folder inserts posts as
pending first and looks for tombstones after, and adds a post to a profile only where it found none by a read that came
after the post's insertion. So of a post that is added in spite of an erasure the insertion came before the tombstone,
and the erasure, whose search comes after, finds it. It closes the profile before it takes anything out: whoever
has not added the post by then never will, as with every removal. A folder that does find a tombstone closes the profile
itself before it deletes the pending post, so that nobody who looked earlier adds the post after. Since a closed
profile stays, as its key, version and `through`, no fold that is under way can bring it back either.

A brand is registered before its first post is inserted. A brand that an erasure does not find registered has posts
that are inserted later, so their folder finds the tombstone.
"""

from collections.abc import Collection, Iterable

from services.profiles.stores.mongo_ledgers import insert_missing
from shared.mongo import MongoDatabase


class MongoAuthors:
    """The collections `brands` and `erased`, both of keys alone."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections."""
        self._brands = database["brands"]
        self._erased = database["erased"]
        self._registered: set[str] = set()

    async def register(self, brand: str) -> None:
        """Make the brand one that erasures look into."""
        if brand not in self._registered:
            await insert_missing(self._brands, [{"_id": brand}])
            self._registered.add(brand)

    async def brands(self) -> list[str]:
        """Return every brand that is registered."""
        return [found["_id"] async for found in self._brands.find().sort("_id", 1)]

    async def bury(self, author_keys: Iterable[str]) -> None:
        """Write the tombstones of these authors."""
        await insert_missing(self._erased, [{"_id": author_key} for author_key in author_keys])

    async def erased(self, author_keys: Collection[str]) -> set[str]:
        """Return those of the authors who are erased."""
        if not author_keys:
            return set()
        return {found["_id"] async for found in self._erased.find({"_id": {"$in": list(author_keys)}})}

    async def all_erased(self, after: str | None, limit: int) -> list[str]:
        """See `ProfileStore.erased_authors`."""
        found = self._erased.find({"_id": {"$gt": after or ""}}).sort("_id", 1).limit(limit)
        return [tombstone["_id"] async for tombstone in found]
