"""What was spent, in MongoDB."""

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.errors import OverloadedError
from shared.mongo import MongoDatabase, answering

ATTEMPTS = 5


class MongoSpendStore:
    """`SpendStore` on the collection `spend`, a document a purse and month."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._spend = database["spend"]

    async def prepare(self) -> None:
        """Make no index: purse and month are the key, and nothing else is looked for."""

    @answering
    async def spend(self, purse: str, month: str, posts: int) -> int:
        """See `SpendStore.spend`.

        Two first additions may both find no document; the second meets the first's key and is tried again.
        """
        for _ in range(ATTEMPTS):
            try:
                document = await self._spend.find_one_and_update(
                    {"_id": f"{purse}|{month}"},
                    {"$inc": {"posts": posts}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue
            return int(document["posts"])
        raise OverloadedError("others spend at the same moment; try again")

    @answering
    async def spent(self, purse: str, month: str) -> int:
        """See `SpendStore.spent`."""
        document = await self._spend.find_one({"_id": f"{purse}|{month}"})
        return 0 if document is None else int(document["posts"])
