"""A process that moves units from one document to the other, a transaction each, and prints how many were moved."""

import asyncio
import sys
from pathlib import Path

from shared.documents.backend import open_documents
from shared.documents.base import Operations
from shared.documents.collection import Document
from shared.store_url import parse_store_url
from tests.contract.documents.notes import COLLECTIONS, TALLIES


async def move(operations: Operations) -> int:
    """Move a unit, and return how many have been."""
    pair = {one.key: int(one.body) for one in await operations.get_all(TALLIES, ["from", "to"])}
    for key, change in (("from", -1), ("to", 1)):
        await operations.put_all(TALLIES, [Document(key, str(pair.get(key, 0) + change))])
    return pair.get("to", 0) + 1


async def main(url: str) -> None:
    """Move units for ever."""
    async with open_documents(parse_store_url("the store", url, Path()), COLLECTIONS) as documents:
        while True:
            print(await documents.transaction(move), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
