"""What MongoDB alone has to be asked about category sets."""

import pymongo
import pytest

from services.sentiment.categories.examples import pack
from services.sentiment.categories.stores.mongo import INDEX
from services.sentiment.categories.stores.opening import open_store
from shared.store_url import MongoUrl
from tests.unit.sentiment.categories.sets import category_set

pytestmark = pytest.mark.mongo


async def test_versions_stand_in_an_index(mongo_url: MongoUrl) -> None:
    """What is asked every other second is answered from an index, which has all of it; no examples are read."""
    async with open_store(mongo_url) as store:
        await store.put(category_set(), pack([]))
        await store.put(category_set("other"), pack([]))
        await store.delete("other")
        assert await store.versions() == {"airline": 1}
    with pymongo.MongoClient[dict[str, object]](mongo_url.url) as client:
        sets = client[mongo_url.database]["category_sets"]
        assert list(INDEX) in [index["key"] for index in sets.index_information().values()]
        assert [found["_id"] for found in sets.find({"live": True})] == ["airline"]
