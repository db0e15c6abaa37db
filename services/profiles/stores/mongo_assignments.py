"""Assignments in MongoDB: staged under their run, shown through the one document that names the published run."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pymongo import UpdateOne

from services.profiles.profile import Basis
from services.profiles.stores.mongo_authors import MongoAuthors
from services.profiles.stores.mongo_ledgers import insert_missing
from shared.errors import ConflictError, OverloadedError
from shared.mongo import MongoDatabase

ATTEMPTS = 10
RESTORED = "restored"
"""The run that clusters out of a backup are shown under, until the next run is published."""

Runs = Mapping[str, str]
"""The published run of each basis."""
Found = TypeVar("Found")


class MongoAssignments:
    """Clusters by profile, with one published run for each brand and basis."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections `assignments` and `published_runs`."""
        self._authors = MongoAuthors(database)
        self._assignments = database["assignments"]
        self._published = database["published_runs"]

    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """See `ProfileStore.stage`; nothing is kept of authors who are erased."""
        erased = await self._authors.erased(clusters.keys())
        kept = {f"{brand}|{author_key}": one for author_key, one in clusters.items() if author_key not in erased}
        await self._put(brand, basis, run_id, kept)
        return len(kept)

    async def restore(self, brand: str, clusters: Mapping[str, Mapping[str, int]]) -> None:
        """Show the clusters (by profile, then basis) of a backup, for each basis of which no run is published."""
        runs = await self._runs(brand)
        by_basis: dict[str, dict[str, int]] = {}
        for profile_id, of_profile in clusters.items():
            for basis, cluster in of_profile.items():
                if runs.get(basis, RESTORED) == RESTORED:
                    by_basis.setdefault(basis, {})[profile_id] = cluster
        for basis, of_basis in by_basis.items():
            await self._put(brand, basis, RESTORED, of_basis)
            run = {"_id": f"{brand}|{basis}", "brand": brand, "basis": basis, "run_id": RESTORED}
            await insert_missing(self._published, [run])

    async def published(self, brand: str, profile_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return the clusters of each of the profiles under the runs that are published now, by basis."""
        return await self.under_published(brand, lambda runs: self.clusters_of(runs, profile_ids))

    async def _put(self, brand: str, basis: str, run_id: str, clusters: Mapping[str, int]) -> None:
        names = {"brand": brand, "basis": basis, "run_id": run_id}
        upserts = [
            UpdateOne(
                {"_id": f"{brand}|{basis}|{run_id}|{profile_id.partition('|')[2]}"},
                {"$set": {**names, "profile": profile_id, "cluster": cluster}},
                upsert=True,
            )
            for profile_id, cluster in clusters.items()
        ]
        if upserts:
            await self._assignments.bulk_write(upserts, ordered=False)

    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """See `ProfileStore.publish`."""
        names = {"brand": brand, "basis": basis}
        staged: int = await self._assignments.count_documents({**names, "run_id": run_id})
        if staged != expected:
            raise ConflictError(f"{staged} authors are staged, not {expected}; send the missing chunks, then publish")
        await self._published.update_one(
            {"_id": f"{brand}|{basis}"}, {"$set": {**names, "run_id": run_id}}, upsert=True
        )
        await self._assignments.delete_many({**names, "run_id": {"$ne": run_id}})
        return staged

    async def under_published(self, brand: str, read: Callable[[Runs], Awaitable[Found]]) -> Found:
        """Return what `read` finds under the published runs.

        It reads again where a run was published meanwhile, for the rows of the run before may be gone.
        """
        runs = await self._runs(brand)
        for _ in range(ATTEMPTS):
            found = await read(runs)
            runs, before = await self._runs(brand), runs
            if runs == before:
                return found
        raise OverloadedError("runs of clusters are being published; ask again")

    async def clusters_of(self, runs: Runs, profile_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return the clusters of each of the profiles under these runs, by basis."""
        clusters: dict[str, dict[str, int]] = {profile_id: {} for profile_id in profile_ids}
        if not runs or not profile_ids:
            return clusters
        query = {"profile": {"$in": list(profile_ids)}, "run_id": {"$in": list(runs.values())}}
        async for assignment in self._assignments.find(query):
            if runs.get(assignment["basis"]) == assignment["run_id"]:
                clusters[assignment["profile"]][assignment["basis"]] = assignment["cluster"]
        return clusters

    async def _runs(self, brand: str) -> Runs:
        return {run["basis"]: run["run_id"] async for run in self._published.find({"brand": brand})}


def in_cluster(run_id: str, basis: Basis, cluster: int) -> list[dict[str, Any]]:
    """Return the stages that keep the profiles which a run put into a cluster."""
    wanted = {"run_id": run_id, "basis": basis, "cluster": cluster}
    return [
        {"$lookup": {"from": "assignments", "localField": "_id", "foreignField": "profile", "as": "assigned"}},
        {"$match": {"assigned": {"$elemMatch": wanted}}},
        {"$project": {"assigned": 0}},
    ]
