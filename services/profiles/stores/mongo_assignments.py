"""Assignments in MongoDB: staged under their run, shown through the one document that names the published run."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne

from services.profiles.profile import Basis
from services.profiles.stores.mongo_documents import Document, key_of
from shared.errors import ConflictError
from shared.mongo import MongoDatabase, MongoSession

RESTORED: Final = "restored"
"""The run that clusters out of a backup are shown under, until the next run is published."""
Runs = Mapping[str, str]
"""The published run of each basis."""


async def stage(
    database: MongoDatabase, session: MongoSession, names: Mapping[str, str], clusters: Mapping[str, int]
) -> int:
    """Keep the cluster of each author who is not erased under a run (`brand`, `basis`, `run_id`); return how many."""
    query = {"_id": {"$in": list(clusters)}}
    erased = {one["_id"] async for one in database["erased"].find(query, session=session)}
    kept = {author_key: cluster for author_key, cluster in clusters.items() if author_key not in erased}
    await _put(database, session, names, kept)
    return len(kept)


async def publish(database: MongoDatabase, brand: str, basis: Basis, run_id: str, expected: int) -> int:
    """Name the run as the published one and remove the others'; raises ConflictError on another count."""
    names = {"brand": brand, "basis": basis}
    staged: int = await database["assignments"].count_documents({**names, "run_id": run_id})
    if staged != expected:
        raise ConflictError(f"{staged} authors are staged, not {expected}; send the missing chunks, then publish")
    run = {"$set": {**names, "run_id": run_id}}
    await database["published_runs"].update_one({"_id": f"{brand}|{basis}"}, run, upsert=True)
    await database["assignments"].delete_many({**names, "run_id": {"$ne": run_id}})
    return staged


async def restore_clusters(
    database: MongoDatabase, session: MongoSession, brand: str, clusters: Mapping[str, Mapping[str, int]]
) -> None:
    """Show the clusters (by author, then basis) of a backup, for each basis of which no run is published."""
    runs = await published_runs(database, session, brand)
    by_basis: dict[str, dict[str, int]] = {}
    for author_key, of_author in clusters.items():
        for basis, cluster in of_author.items():
            if runs.get(basis, RESTORED) == RESTORED:
                by_basis.setdefault(basis, {})[author_key] = cluster
    for basis, of_basis in by_basis.items():
        names = {"brand": brand, "basis": basis, "run_id": RESTORED}
        await _put(database, session, names, of_basis)
        run = {"$set": names}
        await database["published_runs"].update_one({"_id": f"{brand}|{basis}"}, run, upsert=True, session=session)


async def published_runs(database: MongoDatabase, session: MongoSession, brand: str) -> Runs:
    """Return the runs that a brand shows."""
    found = database["published_runs"].find({"brand": brand}, session=session)
    return {run["basis"]: run["run_id"] async for run in found}


async def cluster_sizes(database: MongoDatabase, session: MongoSession, brand: str) -> dict[str, dict[int, int]]:
    """Return how many authors each published cluster has, by basis."""
    sizes: dict[str, dict[int, int]] = {}
    for basis, run_id in (await published_runs(database, session, brand)).items():
        query = {"$match": {"brand": brand, "basis": basis, "run_id": run_id}}
        counted = [query, {"$group": {"_id": "$cluster", "authors": {"$sum": 1}}}]
        async for one in database["assignments"].aggregate(counted, session=session):
            sizes.setdefault(basis, {})[one["_id"]] = one["authors"]
    return sizes


async def clusters_of(
    database: MongoDatabase, session: MongoSession, brand: str, author_keys: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return the published clusters of each of the authors, by basis."""
    clusters: dict[str, dict[str, int]] = {author_key: {} for author_key in author_keys}
    runs = await published_runs(database, session, brand)
    if runs and author_keys:
        profiles = [f"{brand}|{author_key}" for author_key in author_keys]
        query = {"profile": {"$in": profiles}, "run_id": {"$in": list(runs.values())}}
        async for one in database["assignments"].find(query, session=session):
            if runs.get(one["basis"]) == one["run_id"]:
                clusters[key_of(one["profile"])][one["basis"]] = one["cluster"]
    return clusters


async def members_of(
    database: MongoDatabase, session: MongoSession, run: Mapping[str, Any], profile_ids: Sequence[str]
) -> set[str]:
    """Return those of the profiles that a run (`brand`, `basis`, `run_id`) put into its `cluster`."""
    names = [f"{run['brand']}|{run['basis']}|{run['run_id']}|{key_of(profile_id)}" for profile_id in profile_ids]
    query = {"_id": {"$in": names}, "cluster": run["cluster"]}
    return {one["profile"] async for one in database["assignments"].find(query, {"profile": 1}, session=session)}


async def some_members(database: MongoDatabase, session: MongoSession, run: Mapping[str, Any], most: int) -> list[str]:
    """Return up to `most` of the profiles of a cluster, by the index alone."""
    found = database["assignments"].find(dict(run), {"_id": 0, "profile": 1}, session=session).limit(most)
    return [one["profile"] async for one in found]


async def _put(
    database: MongoDatabase, session: MongoSession, names: Mapping[str, str], clusters: Mapping[str, int]
) -> None:
    brand, basis, run_id = names["brand"], names["basis"], names["run_id"]
    upserts = [
        UpdateOne({"_id": f"{brand}|{basis}|{run_id}|{author_key}"}, {"$set": fields}, upsert=True)
        for author_key, cluster in clusters.items()
        for fields in [Document(names) | {"profile": f"{brand}|{author_key}", "cluster": cluster}]
    ]
    if upserts:
        await database["assignments"].bulk_write(upserts, ordered=False, session=session)
