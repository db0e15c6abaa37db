"""Profiles read from MongoDB: one, a page of a list, a page of features, a page of a backup."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from services.profiles.embedding import EmbeddingSum
from services.profiles.feature_page import Beginning, FeatureRows, NamedAuthors
from services.profiles.kept import KeptProfile
from services.profiles.listing import Listing, Order, sort_field
from services.profiles.profile import Profile
from services.profiles.stores.mongo_assignments import clusters_of, members_of, published_runs, some_members
from services.profiles.stores.mongo_documents import NO_EMBEDDINGS, Document, folded_of
from shared.mongo import MongoDatabase, MongoSession

SMALL_CLUSTER: Final = 2_000
"""Profiles of a cluster that are looked up by name; of a larger one the list is walked, and those in it are kept."""
WALKED: Final = 500
"""Places of the list that are looked at together."""
Shown = TypeVar("Shown")


async def one_profile(database: MongoDatabase, session: MongoSession, brand: str, author_key: str) -> Profile | None:
    """Return a profile with its clusters and the sums of its embeddings; None where there is none."""
    query = {"_id": f"{brand}|{author_key}", "brand": brand}
    document = await database["profiles"].find_one(query, session=session)
    if document is None:
        return None
    clusters = await clusters_of(database, session, brand, [author_key])
    return Profile(brand, author_key, folded_of(document), clusters[author_key])


async def profiles(database: MongoDatabase, session: MongoSession, listing: Listing) -> list[Profile]:
    """Return a page of a list."""
    found = await _page(database, session, listing)
    clusters = await clusters_of(database, session, listing.brand, [one["author_key"] for one in found])
    shown = await _decoded(found, _profile)
    return [replace(one, clusters=clusters[one.author_key]) for one in shown]


async def features(
    database: MongoDatabase, brand: str, place: Beginning | NamedAuthors, limit: int, version: str | None
) -> FeatureRows:
    """Return a page of records by author or by change, or of some authors."""
    names = {"_id": 0, "record": 1, **({"author_key": 1, "embeddings": 1} if version is not None else {})}
    found: list[Document] = []
    for query, order in _ranges(place):
        if left := limit - len(found):
            asked = database["profiles"].find({"brand": brand, **query}, names).sort([(name, 1) for name in order])
            found += await asked.limit(left).to_list(None)
    return await asyncio.to_thread(_rows, found, version)


def _ranges(place: Beginning | NamedAuthors) -> list[tuple[Document, list[str]]]:
    """Return the ranges of an index that rows are in, one after another, each with its order."""
    if isinstance(place, str):
        return [({"author_key": {"$gt": place}}, ["author_key"])]
    if isinstance(place, NamedAuthors):
        return [({"author_key": {"$in": list(place.author_keys)}}, ["author_key"])]
    same = {"changed": place.after, "author_key": {"$gt": place.author_key}}
    later = {"changed": {"$gt": place.after, "$lt": place.through + 1}}
    return [(query, ["changed", "author_key"]) for query in (same, later)]


def _rows(documents: Sequence[Document], version: str | None) -> FeatureRows:
    sums = {
        one["author_key"]: EmbeddingSum(total["posts"], bytes(total["sums"]))
        for one in documents
        for total in one.get("embeddings", ())
        if total["version"] == version
    }
    return FeatureRows(b"".join([one["record"] for one in documents]), sums)


async def kept_profiles(
    database: MongoDatabase, session: MongoSession, brand: str, after: str | None, limit: int
) -> list[KeptProfile]:
    """Return a page of profiles with embeddings and clusters, by author."""
    query = {"brand": brand, "author_key": {"$gt": after or ""}}
    found = database["profiles"].find(query, session=session).sort("author_key", 1).limit(limit)
    documents = await found.to_list(None)
    clusters = await clusters_of(database, session, brand, [one["author_key"] for one in documents])

    def kept(document: Document) -> KeptProfile:
        author_key = document["author_key"]
        return KeptProfile(replace(_profile(document), clusters=clusters[author_key]), document.get("remnants", 0))

    return await _decoded(documents, kept)


async def _page(database: MongoDatabase, session: MongoSession, listing: Listing) -> list[Document]:
    query = _matching(listing)
    if listing.cluster is None:
        found: list[Document] = await _sorted(database, session, listing, query).limit(listing.limit).to_list(None)
        return found
    runs = await published_runs(database, session, listing.brand)
    if (run_id := runs.get(listing.cluster.basis)) is None:
        return []
    run = {"brand": listing.brand, "basis": listing.cluster.basis, "run_id": run_id, "cluster": listing.cluster.cluster}
    members = await some_members(database, session, run, SMALL_CLUSTER + 1)
    if len(members) > SMALL_CLUSTER:
        members = [member async for member in _walked(database, session, listing, run)]
        query = {}
    named = {**query, "_id": {"$in": members}}
    page: list[Document] = await _sorted(database, session, listing, named).limit(listing.limit).to_list(None)
    return page


async def _walked(
    database: MongoDatabase, session: MongoSession, listing: Listing, run: Document
) -> AsyncIterator[str]:
    """Yield the first profiles of a list that are in a cluster, as many as fit on the page."""
    left, walk, place = listing.limit, _matching(listing), listing
    names = {"author_key": 1, sort_field(listing.sort, listing.order): 1}
    while True:
        found = await _sorted(database, session, place, walk, names).limit(WALKED).to_list(None)
        ids = [one["_id"] for one in found]
        inside = await members_of(database, session, run, ids)
        for profile_id in [one for one in ids if one in inside][:left]:
            left -= 1
            yield profile_id
        if not left or len(found) < WALKED:
            return
        walk = _matching(listing, after=(found[-1][sort_field(listing.sort, listing.order)], found[-1]["author_key"]))


def _sorted(
    database: MongoDatabase, session: MongoSession, listing: Listing, query: Document, names: Document | None = None
) -> Any:
    direction = 1 if listing.order is Order.ASC else -1
    order = {sort_field(listing.sort, listing.order): direction, "author_key": direction}
    return database["profiles"].find(query, names or NO_EMBEDDINGS, session=session).sort(list(order.items()))


def _matching(listing: Listing, after: tuple[Any, str] | None = None) -> Document:
    """Return the filter of a list, but for clusters."""
    conditions: list[Document] = [{"brand": listing.brand}]
    if listing.min_posts > 1:
        conditions.append({"posts": {"$gte": listing.min_posts}})
    if listing.since is not None:
        conditions.append({"last_seen": {"$gte": listing.since}})
    if listing.language is not None:
        conditions.append({"languages.name": listing.language})
    if after is None and listing.after is not None:
        after = (listing.after.value, listing.after.author_key)
    if after is not None:
        field, beyond = sort_field(listing.sort, listing.order), "$gt" if listing.order is Order.ASC else "$lt"
        value, author_key = after
        conditions.append({"$or": [{field: {beyond: value}}, {field: value, "author_key": {beyond: author_key}}]})
    return {"$and": conditions}


def _profile(document: Document) -> Profile:
    return Profile(document["brand"], document["author_key"], folded_of(document))


async def _decoded(documents: Sequence[Document], read: Callable[[Document], Shown]) -> list[Shown]:
    return await asyncio.to_thread(lambda: [read(document) for document in documents])
