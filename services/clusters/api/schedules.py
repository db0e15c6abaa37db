"""Schedules of trainings over HTTP."""

from fastapi import APIRouter

from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.freshness.schedule import Schedule, ScheduleBody, next_firing
from shared.access import Scope
from shared.brand import Brand
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/schedules/{basis}", tags=["schedules"])


@router.put("", dependencies=[requires(Scope.WRITE)])
async def put_schedule(brand: Brand, basis: Basis, body: ScheduleBody, resources: Res) -> Schedule:
    """Train by itself at the times of a cron line (UTC), or past a drift, or both; in place of the schedule before."""
    schedule = Schedule(
        brand=brand,
        basis=basis,
        cron=body.cron,
        max_drift=body.max_drift,
        next_at=next_firing(body.cron, resources.clock.now()),
    )
    await resources.store.schedules.put(schedule)
    return schedule


@router.get("", dependencies=[requires(Scope.READ)])
async def show_schedule(brand: Brand, basis: Basis, resources: Res) -> Schedule:
    """When the next training is due, and what became of the last."""
    return await resources.store.schedules.find(brand, basis)


@router.delete("", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_schedule(brand: Brand, basis: Basis, resources: Res) -> None:
    """Train by itself no more."""
    await resources.store.schedules.delete(brand, basis)
