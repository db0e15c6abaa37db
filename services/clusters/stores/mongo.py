"""Runs in MongoDB, a standalone server included: every step is atomic within one document."""

from datetime import timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from services.clusters.failures import LeaseLostError
from services.clusters.run import Basis, Run, RunStatus
from services.clusters.stores.base import INTERRUPTED, Clock, admitted, cancellable, slot_of
from shared.errors import NotFoundError, OverloadedError
from shared.mongo import MongoDatabase, answering

ATTEMPTS = 10


class MongoRunStore:
    """`RunStore` on the collection `runs`.

    A unique index on `slot` lets one active run in for each brand and basis: while active a run's slot
    is its brand and basis, afterwards its own id.
    """

    def __init__(self, database: MongoDatabase, clock: Clock, lease: timedelta) -> None:
        """Use an open database; `prepare` is due first. A lease lapses `lease` after its last renewal."""
        self._database = database
        self._runs = database["runs"]
        self._clock = clock
        self._lease = lease

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._runs.create_index("slot", unique=True)
        await self._runs.create_index([("brand", 1), ("_id", -1)])
        await self._runs.create_index([("brand", 1), ("basis", 1), ("served", -1)])
        await self._runs.create_index([("active", 1), ("renewed", 1)])

    @answering
    async def submit(self, run: Run, owner: str) -> Run:
        """See `RunStore.submit`."""
        document = {
            "_id": run.run_id,
            "brand": run.brand,
            "basis": run.request.basis.value,
            "slot": slot_of(run),
            "owner": owner,
            "renewed": self._now(),
            "active": True,
            "cancel": False,
            "served": 0,
            "body": _body(run),
        }
        await self.fail_lapsed()
        for _ in range(ATTEMPTS):
            try:
                await self._runs.insert_one(document)
            except DuplicateKeyError:
                holder = await self._runs.find_one({"slot": slot_of(run)})
                if holder is not None:
                    return admitted(_run(holder), run)
            else:
                return run
        raise OverloadedError("runs of this brand come and go too fast; try again")

    @answering
    async def record(self, run: Run, owner: str) -> bool:
        """See `RunStore.record`."""
        document = await self._runs.find_one_and_update(
            _held(run, owner), {"$set": {"body": _body(run), "renewed": self._now()}}
        )
        if document is None:
            raise LeaseLostError(f"run {run.run_id} is no longer held")
        return bool(document["cancel"])

    @answering
    async def finish(self, run: Run, owner: str) -> None:
        """See `RunStore.finish`.

        Nobody else numbers what is served meanwhile: only the holder of the slot does.
        """
        change = _ending(run)
        if run.status is RunStatus.SUCCEEDED:
            latest = await self._latest(run.brand, run.request.basis)
            change["served"] = (latest["served"] if latest is not None else 0) + 1
        result = await self._runs.update_one(_held(run, owner), {"$set": change})
        if not result.matched_count:
            raise LeaseLostError(f"run {run.run_id} is no longer held")

    @answering
    async def ask_cancel(self, run_id: str) -> Run:
        """See `RunStore.ask_cancel`."""
        run = await self.find(run_id)
        if cancellable(run):
            await self._runs.update_one({"_id": run_id, "active": True}, {"$set": {"cancel": True}})
        return run

    @answering
    async def fail_lapsed(self) -> int:
        """See `RunStore.fail_lapsed`."""
        lapsed = {"active": True, "renewed": {"$lt": self._now() - self._lease.total_seconds()}}
        failed = 0
        async for document in self._runs.find(lapsed):
            ended = _run(document).ending(RunStatus.FAILED, self._clock(), INTERRUPTED)
            result = await self._runs.update_one({"_id": document["_id"], **lapsed}, {"$set": _ending(ended)})
            failed += result.modified_count
        return failed

    @answering
    async def find(self, run_id: str) -> Run:
        """See `RunStore.find`."""
        document = await self._runs.find_one({"_id": run_id})
        if document is None:
            raise NotFoundError("there is no such run")
        return _run(document)

    @answering
    async def runs(self, brand: str, limit: int, before: str | None = None) -> list[Run]:
        """See `RunStore.runs`."""
        query: dict[str, Any] = {"brand": brand}
        if before is not None:
            query["_id"] = {"$lt": before}
        return [_run(document) async for document in self._runs.find(query).sort("_id", -1).limit(limit)]

    @answering
    async def current(self, brand: str, basis: Basis) -> Run | None:
        """See `RunStore.current`."""
        document = await self._latest(brand, basis)
        return _run(document) if document is not None else None

    @answering
    async def check_ready(self) -> None:
        """See `RunStore.check_ready`."""
        await self._database.command("ping")

    async def _latest(self, brand: str, basis: Basis) -> Any:
        query = {"brand": brand, "basis": basis.value, "served": {"$gt": 0}}
        return await self._runs.find_one(query, sort=[("served", -1)])

    def _now(self) -> float:
        return self._clock().timestamp()


def _held(run: Run, owner: str) -> dict[str, Any]:
    return {"_id": run.run_id, "owner": owner, "active": True}


def _ending(run: Run) -> dict[str, Any]:
    return {"body": _body(run), "active": False, "slot": run.run_id}


def _body(run: Run) -> dict[str, Any]:
    return run.model_dump(mode="json")


def _run(document: Any) -> Run:
    return Run.model_validate(document["body"])
