"""Every filter of the MongoDB store begins with the fields of an index.

The server of these tests explains no plan, so what is looked at are the commands that were really sent.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import pytest
from pymongo import monitoring

from services.profiles.stores.database import open_store
from services.profiles.stores.mongo_documents import INDEXES
from shared.store_url import MongoUrl
from tests.contract.test_profile_store_plans import do_everything

pytestmark = pytest.mark.mongo

Filter = tuple[str, dict[str, Any], tuple[str, ...]]
"""A collection, what it is searched by, and the fields of the order."""

SMALL = frozenset(
    {
        "assigned_runs",
        "brands",
        "brand_changes",
        "embedding_versions",
        "published_runs",
        "restorations",
        "shards",
        "totals",
        "turns",
    }
)
"""Collections of a few documents a brand or a model."""

READS_ALL = {("rollups", frozenset({"brand"})): "a backup reads all buckets of a brand"}
"""What is read whole, and why."""


class Listening(monitoring.CommandListener):
    """Notes the filters of commands while it is asked to."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self.noted: list[Filter] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note the filters of a command."""
        if self.noted is not None:
            self.noted += filters_of(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to note."""


def filters_of(command: Mapping[str, Any]) -> Iterator[Filter]:
    """Return the filters of a command, those of its parts each by itself."""
    name = next(iter(command))
    if name == "find" and command.get("limit") == 1 and not command.get("sort"):
        # Whether there is any: the first will do.
        return
    if name in {"find", "count", "distinct", "findAndModify"}:
        query = command.get("filter", command.get("query", {}))
        yield str(command[name]), dict(query), tuple(command.get("sort") or {})
    elif name in {"update", "delete"}:
        for part in command.get(f"{name}s", []):
            yield str(command[name]), dict(part["q"]), ()
    elif name == "aggregate":
        stages = command["pipeline"]
        match = stages[0].get("$match", {}) if stages else {}
        order = stages[1].get("$sort", {}) if len(stages) > 1 else {}
        yield str(command[name]), dict(match), tuple(order)


def conditions_of(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every document found must pass, by field, what is inside `$and` too."""
    conditions = {name: value for name, value in query.items() if not name.startswith("$")}
    for part in query.get("$and", []):
        conditions |= conditions_of(part)
    return conditions


def fields_of(query: Mapping[str, Any]) -> set[str]:
    """Return the fields of those conditions."""
    return set(conditions_of(query))


def is_covered(query: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Tell whether a partial index has every document that the filter may find."""
    conditions = conditions_of(query)
    for name, needed in options.get("partialFilterExpression", {}).items():
        found = conditions.get(name)
        one_of = found.get("$in", ()) if isinstance(found, Mapping) else (found,)
        if name not in conditions or (needed != {"$exists": True} and set(one_of) != {needed}):
            return False
    return True


def is_indexed(collection: str, query: Mapping[str, Any], order: tuple[str, ...]) -> bool:
    """Tell whether an index begins with what is searched by: with the brand and another field, or one of a post."""
    fields = fields_of(query)
    if "_id" in fields:
        return True
    if "$or" in query and all(is_indexed(collection, part, order) for part in query["$or"]):
        return True
    for where, keys, options in INDEXES:
        names = [name for name, _ in keys]
        enough = 2 if names[0] == "brand" else 1
        if where != collection or not is_covered(query, options):
            continue
        if names[0] in fields and set(names[:enough]) <= fields | set(order):
            return True
    return False


@lru_cache(maxsize=1)
def listening() -> Listening:
    """Return the one listener, which every later client tells of its commands."""
    listener = Listening()
    monitoring.register(listener)
    return listener


async def sent(url: MongoUrl) -> list[Filter]:
    """Return the filters of all that the store sends when each of its methods is called."""
    listener = listening()
    noted: list[Filter] = []
    listener.noted = noted
    try:
        async with open_store(url) as store:
            await do_everything(store)
    finally:
        listener.noted = None
    return noted


async def test_every_filter_begins_with_an_index(mongo_url: MongoUrl) -> None:
    """No collection that grows with posts or authors is read whole, at start neither."""
    noted = await sent(mongo_url)
    assert {collection for collection, _, _ in noted} >= {"profiles", "posts", "rollups", "assignments"}
    unindexed = {
        f"{collection} {sorted(fields_of(query))} {query.keys() & {'$or'}} {order}"
        for collection, query, order in noted
        if collection not in SMALL
        and (collection, frozenset(query)) not in READS_ALL
        and not is_indexed(collection, query, order)
    }
    assert unindexed == set()


async def test_every_index_is_used(mongo_url: MongoUrl) -> None:
    """An index that no filter and no order goes by costs each fold for nothing."""
    noted = await sent(mongo_url)
    unused = [
        f"{collection} {keys}"
        for collection, keys, _ in INDEXES
        if not any(
            where == collection and keys[0][0] in fields_of(query) | set(order) | alternatives(query)
            for where, query, order in noted
        )
    ]
    assert unused == []


def alternatives(query: Mapping[str, Any]) -> set[str]:
    """Return the fields of the branches of a filter."""
    return {name for part in query.get("$or", []) for name in fields_of(part)}
