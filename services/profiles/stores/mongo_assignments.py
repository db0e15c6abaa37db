"""Assignments in MongoDB: staged under their run, shown through the one document that names the published run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pymongo import UpdateOne

from services.profiles.assigned_run import (
    RESTORED,
    AssignedRun,
    abandoned,
    check_publishable,
    check_stageable,
    next_publication,
    replaced,
)
from services.profiles.stores.mongo_documents import Document, key_of
from shared.mongo import MongoDatabase, MongoSession

NEVER_YET: Final = 2**62
"""A moment that the next sweep brings near."""
Runs = Mapping[str, str]
"""The published run of each basis."""


async def assigned_runs(
    database: MongoDatabase, session: MongoSession | None, query: Mapping[str, Any]
) -> list[AssignedRun]:
    """Return the runs with assignments that fit a query of a brand, maybe a basis, or all that are `leaving`."""
    found = database["assigned_runs"].find(dict(query), session=session)
    return [
        AssignedRun(one["brand"], one["basis"], one["run_id"], one["published"], one["staged_at"], one["leaving"])
        async for one in found
    ]


async def stage(database: MongoDatabase, session: MongoSession, run: AssignedRun, clusters: Mapping[str, int]) -> int:
    """Keep the cluster of each author who has a profile under the run, and return how many.

    Raises ConflictError where the run is being removed.
    """
    runs = await _of_basis(database, session, run)
    check_stageable(runs.get(run.run_id))
    if run.run_id not in runs:
        await _mark(database, session, abandoned(list(runs.values())))
    query = {"_id": {"$in": [f"{run.brand}|{author_key}" for author_key in clusters]}, "brand": run.brand}
    known = {key_of(one["_id"]) async for one in database["profiles"].find(query, {"_id": 1}, session=session)}
    kept = {author_key: cluster for author_key, cluster in clusters.items() if author_key in known}
    await _put(database, session, run, kept)
    await _note(database, session, run, {"staged_at": run.staged_at}, {"published": 0})
    return len(kept)


async def publish(database: MongoDatabase, session: MongoSession, run: AssignedRun, expected: int, keep: int) -> int:
    """Name the run as the published one, and say which of the others leave; raises ConflictError."""
    names = _names(run)
    staged: int = await database["assignments"].count_documents(names, session=session)
    runs = await _of_basis(database, session, run)
    check_publishable(runs.get(run.run_id), staged, expected)
    runs[run.run_id] = replace(runs[run.run_id], published=next_publication(list(runs.values())))
    await _note(database, session, run, {"published": runs[run.run_id].published}, {})
    shown = {"_id": f"{run.brand}|{run.basis}"}
    await database["published_runs"].update_one(shown, {"$set": names}, upsert=True, session=session)
    await _mark(database, session, replaced(list(runs.values()), keep))
    return staged


async def dismiss(database: MongoDatabase, session: MongoSession, brand: str, run_id: str) -> None:
    """Say that a run leaves; where it is the published one nothing is shown of its basis any more."""
    query = {"brand": brand, "run_id": run_id}
    await database["published_runs"].delete_many(query, session=session)
    await database["assigned_runs"].update_many(query, {"$set": {"leaving": True}}, session=session)


async def dismiss_staged(database: MongoDatabase, before: int, latest: int) -> None:
    """Say that runs leave which were never published and last staged before a moment (Unix seconds).

    Those that were staged later than `latest` were staged while a clock ran ahead: their time counts from then.
    """
    runs = database["assigned_runs"]
    await runs.update_many({"staged_at": {"$gt": latest}}, {"$set": {"staged_at": latest}})
    await runs.update_many({"published": 0, "staged_at": {"$lt": before}}, {"$set": {"leaving": True}})


async def remove_run(database: MongoDatabase, run: AssignedRun) -> None:
    """Remove the assignments of a run that leaves, and the run."""
    await database["assignments"].delete_many(_names(run))
    await database["assigned_runs"].delete_one({"_id": _id(run)})


async def assignments(
    database: MongoDatabase, run: AssignedRun, after: str | None, limit: int
) -> list[tuple[str, int]]:
    """Return a page of a run's authors and their clusters, by author."""
    query = {"_id": {"$gt": f"{_id(run)}|{after or ''}", "$lt": f"{_id(run)}}}"}}
    found = database["assignments"].find(query, {"profile": 1, "cluster": 1}).sort("_id", 1).limit(limit)
    return [(key_of(one["profile"]), one["cluster"]) async for one in found]


async def note_earlier_runs(database: MongoDatabase) -> None:
    """Note which runs an earlier version kept assignments of; a staged one has its time from the first sweep on."""
    shown = {(one["brand"], one["basis"], one["run_id"]) async for one in database["published_runs"].find()}
    group = {"_id": {"brand": "$brand", "basis": "$basis", "run_id": "$run_id"}}
    async for one in database["assignments"].aggregate([{"$group": group}]):
        names = one["_id"]
        run = AssignedRun(names["brand"], names["basis"], names["run_id"])
        published = int((run.brand, run.basis, run.run_id) in shown)
        await _note(database, None, run, {}, {"published": published, "staged_at": NEVER_YET})


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
        run = AssignedRun(brand, basis, RESTORED)  # type: ignore[arg-type] # a basis out of a profile that was checked
        await _put(database, session, run, of_basis)
        await _note(database, session, run, {}, {"published": 1, "staged_at": 0})
        shown = {"_id": f"{brand}|{basis}"}
        await database["published_runs"].update_one(shown, {"$set": _names(run)}, upsert=True, session=session)


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


async def remove_authors(database: MongoDatabase, session: MongoSession, brand: str, authors: Sequence[str]) -> None:
    """Take authors out of the assignments of every run of a brand."""
    query = {"profile": {"$in": [f"{brand}|{author_key}" for author_key in authors]}}
    await database["assignments"].delete_many(query, session=session)


async def _of_basis(database: MongoDatabase, session: MongoSession, run: AssignedRun) -> dict[str, AssignedRun]:
    found = await assigned_runs(database, session, {"brand": run.brand, "basis": run.basis})
    return {one.run_id: one for one in found}


async def _put(database: MongoDatabase, session: MongoSession, run: AssignedRun, clusters: Mapping[str, int]) -> None:
    upserts = [
        UpdateOne({"_id": f"{_id(run)}|{author_key}"}, {"$set": fields}, upsert=True)
        for author_key, cluster in clusters.items()
        for fields in [_names(run) | {"profile": f"{run.brand}|{author_key}", "cluster": cluster}]
    ]
    if upserts:
        await database["assignments"].bulk_write(upserts, ordered=False, session=session)


async def _note(
    database: MongoDatabase, session: MongoSession | None, run: AssignedRun, now: Document, at_first: Document
) -> None:
    """Write what is known of a run, where it is new also what it begins with."""
    change = {"$set": {**_names(run), **now}, "$setOnInsert": {"leaving": False, **at_first}}
    await database["assigned_runs"].update_one({"_id": _id(run)}, change, upsert=True, session=session)


async def _mark(database: MongoDatabase, session: MongoSession, runs: Sequence[AssignedRun]) -> None:
    if runs:
        query = {"_id": {"$in": [_id(run) for run in runs]}}
        await database["assigned_runs"].update_many(query, {"$set": {"leaving": True}}, session=session)


def _names(run: AssignedRun) -> Document:
    return {"brand": run.brand, "basis": run.basis, "run_id": run.run_id}


def _id(run: AssignedRun) -> str:
    return f"{run.brand}|{run.basis}|{run.run_id}"
