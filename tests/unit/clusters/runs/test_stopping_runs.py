"""Runs that are stopped: cancelled, taken over, interrupted by a shutdown."""

import asyncio
import signal
from typing import NoReturn

import pytest

from services.clusters.bases.basis import Basis
from services.clusters.runs.run import Run, RunStatus, Stage
from services.clusters.runs.run_store import INTERRUPTED
from services.clusters.worker import Advance
from shared.errors import ConflictError, NotFoundError
from tests.unit.clusters.authors import travellers, two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Start, trained
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn
from tests.unit.clusters.worker import computations


def stuck(advance: Advance, *_: object) -> NoReturn:
    """Say that clusters are described, then never end."""
    advance(Stage.DESCRIBING, 0.0)
    while True:
        signal.pause()


async def test_cancelling_while_reading_ends_the_run_as_cancelled(start: Start) -> None:
    """A run held up by a slow peer is cancelled at once; nothing is staged, the brand is free again."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as service:
        trainer = service.held.trainer
        run = await trainer.submit(BRAND, K2)
        await gate.reached.wait()
        await trainer.cancel(run.run_id)
        await trainer.cancel(run.run_id)
        ended = await trainer.ended(run.run_id)
        assert (ended.status, ended.error) == (RunStatus.CANCELLED, None)
        assert profiles.staged == {}
        profiles.gates.clear()
        assert (await trained(service)).status is RunStatus.SUCCEEDED


async def test_cancelling_while_computing_kills_the_process(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computation that never looks up ends with its run, nothing is staged, and the next run succeeds."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles, processes=True) as service:
        trainer = service.held.trainer
        with monkeypatch.context() as patched:
            patched.setattr("services.clusters.runs.run_steps.train_file", stuck)
            run = await trainer.submit(BRAND, K2)
            active = trainer._active[run.run_id]
            while active.run.stage is not Stage.DESCRIBING:
                await active.moved.wait()
        await trainer.cancel(run.run_id)
        assert (await trainer.ended(run.run_id)).status is RunStatus.CANCELLED
        assert profiles.staged == {}
        assert (await trained(service)).status is RunStatus.SUCCEEDED


async def test_a_run_whose_process_dies_fails_with_a_sentence(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the kernel ends fails its run alone, and the run before stays current."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles, processes=True) as service:
        before = await trained(service)
        with monkeypatch.context() as patched:
            patched.setattr("services.clusters.runs.run_steps.train_file", computations.killed)
            run = await trained(service)
        assert (run.status, "more memory" in (run.error or "")) == (RunStatus.FAILED, True)
        assert await service.held.store.runs.current(BRAND, Basis.BEHAVIOUR) == before


async def test_cancelling_a_waiting_run_never_starts_it(start: Start) -> None:
    """With one turn taken, a second brand's run waits; cancelled, it has never read anything."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as service:
        trainer = service.held.trainer
        first = await trainer.submit(BRAND, K2)
        await gate.reached.wait()
        second = await trainer.submit("delta", K2)
        await trainer.cancel(second.run_id)
        ended = await trainer.ended(second.run_id)
        assert (ended.status, ended.started_at) == (RunStatus.CANCELLED, None)
        gate.opened.set()
        assert (await trainer.ended(first.run_id)).status is RunStatus.SUCCEEDED
        assert profiles.calls.count("features") == 1


async def test_a_run_that_is_being_published_still_succeeds_when_cancelled(start: Start) -> None:
    """Past the point where profiles may have swapped, a cancellation comes too late: both sides tell the same."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["publish"] = Gate()
    async with start(profiles) as service:
        run = await service.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        await service.held.trainer.cancel(run.run_id)
        gate.opened.set()
        ended = await service.held.trainer.ended(run.run_id)
        assert ended.status is RunStatus.SUCCEEDED
        assert profiles.published is not None
        assert profiles.published[0] == run.run_id


async def test_cancelling_reaches_the_process_that_has_the_run(start: Start) -> None:
    """Asked of another replica, the owner learns it by its next beat and ends the run."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as owner, start(profiles) as other:
        owner.held.trainer._beat = 0.0
        run = await owner.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        await other.held.trainer.cancel(run.run_id)
        assert (await owner.held.trainer.ended(run.run_id)).status is RunStatus.CANCELLED


async def test_a_run_taken_over_ends_silently(start: Start) -> None:
    """A process whose run was marked as interrupted elsewhere stops it and does not publish."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles, peer_deadline=600) as owner, asyncio.timeout(60):
        owner.held.trainer._beat = 0.0
        run = await owner.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        active = await owner.held.store.runs.find(run.run_id)
        interrupted = active.ending(RunStatus.FAILED, active.submitted_at, INTERRUPTED)
        await owner.held.store.runs.finish(interrupted, owner.held.trainer._owner)
        assert await owner.held.trainer.ended(run.run_id) == interrupted
        assert profiles.staged == {}


async def test_a_run_taken_over_is_never_published(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its owner has not heard of it yet, the lease is looked at right before publishing."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["stage"] = Gate()

    async def deaf(_: object) -> None:
        await asyncio.Event().wait()

    async with start(profiles, lease_seconds=3600) as owner:
        monkeypatch.setattr(owner.held.trainer, "_keep", deaf)
        run = await owner.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        await owner.held.store.runs.finish(
            run.ending(RunStatus.FAILED, run.submitted_at, INTERRUPTED), owner.held.trainer._owner
        )
        gate.opened.set()
        assert (await owner.held.trainer.ended(run.run_id)).status is RunStatus.FAILED
        assert "publish" not in profiles.calls


async def test_cancelling_a_run_that_is_being_closed_does_not_tear_at_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancellation that comes while the end is written down changes nothing of it."""
    profiles = ProfilesStandIn(BRAND, travellers(3))
    gate = Gate()
    async with start(profiles) as service:
        finish = service.held.store.runs.finish

        async def slowly(run: Run, owner: str, *, free: bool) -> None:
            await gate.pass_through()
            await finish(run, owner, free=free)

        monkeypatch.setattr(service.held.store.runs, "finish", slowly)
        run = await service.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        await service.held.trainer.cancel(run.run_id)
        gate.opened.set()
        ended = await service.held.trainer.ended(run.run_id)
        assert ended.status is RunStatus.FAILED
        assert service.held.trainer._active == {}


async def test_stopping_the_service_marks_its_runs_as_interrupted(start: Start) -> None:
    """After a shutdown no run stays running: those under way and those waiting failed with a sentence."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as service:
        runs = [await service.held.trainer.submit(brand, K2) for brand in (BRAND, "delta")]
        await gate.reached.wait()
    profiles.gates.clear()
    async with start(profiles) as service:
        for run in runs:
            ended = await service.held.store.runs.find(run.run_id)
            assert (ended.status, ended.error) == (RunStatus.FAILED, INTERRUPTED)
        assert (await trained(service)).status is RunStatus.SUCCEEDED


async def test_an_unknown_run_cannot_be_cancelled(start: Start) -> None:
    """Cancelling what is not there is not found, cancelling what has succeeded a conflict."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        with pytest.raises(NotFoundError):
            await service.held.trainer.cancel("nope")
        run = await trained(service)
        with pytest.raises(ConflictError, match="already ended: succeeded"):
            await service.held.trainer.cancel(run.run_id)
