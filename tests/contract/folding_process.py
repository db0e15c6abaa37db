"""A process that folds the posts of the crash tests into a MongoDB database, again and again until it is killed."""

import asyncio
import sys

from services.profiles.stores.mongo import MongoProfileStore
from shared.mongo import open_mongo
from shared.store_url import MongoUrl
from tests.unit.profiles.posts import analysis, post

BATCHES = [
    [
        post(
            10 * batch + number,
            number % 4,
            hours=batch + number,
            analyzed=analysis(number / 10, embedding=[1.0, number]),
            embedding_version="v1",
            text=f"text {batch} {number}",
        )
        for number in range(10)
    ]
    for batch in range(12)
]


async def fold(url: str, database: str) -> None:
    """Fold every batch, in order, without end."""
    async with open_mongo(MongoUrl(url, database)) as opened:
        store = MongoProfileStore(opened)
        while True:
            for batch in BATCHES:
                await store.fold("acme", batch)


if __name__ == "__main__":
    asyncio.run(fold(sys.argv[1], sys.argv[2]))
