"""The length that embeddings of a version have, in MongoDB; the first post of a version decides it for good."""

from collections.abc import Mapping, Sequence

from services.profiles.embedding_lengths import refuse_other_lengths
from services.profiles.stores.mongo_ledgers import insert_missing
from shared.analyzed_post import AnalyzedPost
from shared.mongo import MongoDatabase


class MongoLengths:
    """The collection `embedding_versions`, of which a process remembers what it read: a length never changes."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collection."""
        self._versions = database["embedding_versions"]
        self._known: dict[str, int] = {}

    async def settle(self, posts: Sequence[AnalyzedPost]) -> None:
        """Note the lengths of versions that are new; raises InputError where a post's embedding has another."""
        versions = {post.embedding_version for post in posts if post.embedding_version is not None}
        if not versions <= self._known.keys():
            await self._read(versions)
        new = refuse_other_lengths(posts, self._known)
        if not new:
            return
        taken = await insert_missing(
            self._versions, [{"_id": version, "dimensions": dimensions} for version, dimensions in new.items()]
        )
        self._known.update({version: dimensions for version, dimensions in new.items() if version not in taken})
        if taken:
            await self._read(taken)
            refuse_other_lengths(posts, self._known)

    async def all(self) -> dict[str, int]:
        """See `ProfileStore.embedding_lengths`."""
        return {found["_id"]: found["dimensions"] async for found in self._versions.find()}

    async def note(self, lengths: Mapping[str, int]) -> None:
        """Note the lengths of versions, where they are not known yet."""
        documents = [{"_id": version, "dimensions": dimensions} for version, dimensions in lengths.items()]
        await insert_missing(self._versions, documents)

    async def _read(self, versions: set[str]) -> None:
        async for found in self._versions.find({"_id": {"$in": list(versions)}}):
            self._known[found["_id"]] = found["dimensions"]
