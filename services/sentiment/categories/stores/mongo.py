"""Category sets in MongoDB, a standalone server included: every step is atomic within one document."""

from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import PackedExamples
from services.sentiment.categories.stores.base import missing
from shared.errors import NotFoundError, OverloadedError
from shared.mongo import MongoDatabase, answering

ATTEMPTS = 5
INDEX = (("live", 1), ("_id", 1), ("version", 1))


class MongoCategoryStore:
    """`CategoryStore` on the collection `category_sets`, a document a name.

    A document without a body is a deleted set: its version is where the name goes on. What `versions` asks for
    stands in an index, `live` being there for it alone: a document holds all of its examples, and reading every
    one of them every other second would be most of the server's work. The index is made at the first such
    question, so that a service starts while the server is away.
    """

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._database = database
        self._sets = database["category_sets"]
        self._indexed = False

    @answering
    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """See `CategoryStore.put`.

        Two first puts of a name may both find no document; the second insert meets the first's key and is tried again.
        """
        change = {"$inc": {"version": 1}, "$set": {"live": True, "body": made.to_json(), "examples": bytes(examples)}}
        for _ in range(ATTEMPTS):
            try:
                document = await self._sets.find_one_and_update(
                    {"_id": made.name},
                    change,
                    projection={"version": 1},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue
            return made.at_version(document["version"])
        raise OverloadedError("others put this category set at the same moment; try again")

    @answering
    async def delete(self, name: str) -> int:
        """See `CategoryStore.delete`."""
        document = await self._sets.find_one_and_update(
            {"_id": name, "live": True}, {"$unset": {"live": "", "body": "", "examples": ""}}, projection={"version": 1}
        )
        if document is None:
            raise NotFoundError(missing(name))
        return int(document["version"])

    @answering
    async def versions(self) -> dict[str, int]:
        """See `CategoryStore.versions`."""
        if not self._indexed:
            await self._sets.create_index(list(INDEX))
            self._indexed = True
        cursor = self._sets.find({"live": True}, {"version": 1})
        return {document["_id"]: document["version"] async for document in cursor}

    @answering
    async def find(self, name: str) -> CategorySet:
        """See `CategoryStore.find`."""
        return _set(await self._document(name, {"examples": 0}))

    @answering
    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """See `CategoryStore.find_with_examples`."""
        document = await self._document(name, None)
        return _set(document), PackedExamples(document["examples"])

    @answering
    async def check_ready(self) -> None:
        """See `CategoryStore.check_ready`."""
        await self._database.command("ping")

    async def _document(self, name: str, projection: dict[str, int] | None) -> Any:
        document = await self._sets.find_one({"_id": name, "live": True}, projection)
        if document is None:
            raise NotFoundError(missing(name))
        return document


def _set(document: Any) -> CategorySet:
    return CategorySet.from_json(document["body"]).at_version(document["version"])
