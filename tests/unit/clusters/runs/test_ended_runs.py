"""Runs after their end: listed, mapped, restored, deleted, and taken back where a process died."""

import pytest

from services.clusters.bases.basis import Basis
from services.clusters.fits.run_model import RunModel
from services.clusters.runs.run import RunRequest, RunStatus
from shared.errors import ConflictError, PeerUnavailableError
from tests.unit.clusters.authors import table_of, two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Service, Start, trained
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn

K3 = RunRequest(k=3)


async def current(service: Service) -> str:
    """Return the id of the run that is served."""
    run = await service.held.store.runs.current(BRAND, Basis.BEHAVIOUR)
    assert run is not None
    return run.run_id


async def test_a_run_keeps_what_places_authors(start: Start) -> None:
    """The model that a run leaves assigns its own authors as the run did; the version of the code is told."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        run = await trained(service)
        content = await service.held.store.runs.artifacts.read(run.run_id, "model")
        assert content is not None
        ids, distances = RunModel.from_bytes(content).assign(table_of(profiles.rows))
        assert dict(zip([row["author_key"] for row in profiles.rows], ids.tolist(), strict=True)) == profiles.clusters
        assert (distances >= 0).all()
        assert run.code_version


async def test_the_map_has_a_point_for_each_author_and_no_key(start: Start) -> None:
    """Points tell place and cluster; the kinds lie apart; a run that failed has none."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        run = await trained(service)
        shown = (await service.http.get(f"/v1/runs/{run.run_id}/map")).json()
        assert len(shown["points"]) == 30
        assert {frozenset(point) for point in shown["points"]} == {frozenset({"x", "y", "cluster"})}
        sides = {(point["cluster"], point["x"] > 0) for point in shown["points"]}
        assert len(sides) == 2
        profiles.refuse["stage"] = 500
        failed = await trained(service, K3)
        answer = await service.http.get(f"/v1/runs/{failed.run_id}/map")
        assert (answer.status_code, "did not succeed" in answer.json()["detail"]) == (404, True)


async def test_a_restored_run_is_served_again(start: Start) -> None:
    """Cards here and clusters at profiles are those of the earlier run; restoring the current one changes nothing."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        before = dict(profiles.clusters)
        second = await trained(service, K3)
        for _ in range(2):
            answer = await service.http.post(f"/v1/runs/{first.run_id}/restore")
            assert (answer.status_code, answer.json()["run_id"]) == (200, first.run_id)
        assert await current(service) == first.run_id
        assert profiles.published == (first.run_id, before)
        cards = (await service.http.get(f"/v1/brands/{BRAND}/clusters")).json()
        assert cards["run_id"] == first.run_id
        assert (await service.http.post(f"/v1/runs/{second.run_id}/restore")).status_code == 200
        assert (await trained(service)).status is RunStatus.SUCCEEDED


async def test_restoring_passes_over_the_erased(start: Start) -> None:
    """An author who was erased between the count and the publication does not stop it."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        await trained(service, K3)
        profiles.erased_later = {str(profiles.rows[0]["author_key"])}
        await service.held.ended.restore(first.run_id)
        assert len(profiles.clusters) == 29


async def test_what_cannot_be_restored_is_a_conflict_and_changes_nothing(start: Start) -> None:
    """Assignments that are not kept any more, a failed run, a run that is on: 409 with a sentence."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        second = await trained(service, K3)
        del profiles.staged[first.run_id]
        with pytest.raises(ConflictError, match="train anew"):
            await service.held.ended.restore(first.run_id)
        profiles.refuse["assignments"] = 503
        with pytest.raises(PeerUnavailableError):
            await service.held.ended.restore(first.run_id)
        profiles.refuse.clear()
        assert await current(service) == second.run_id
        assert profiles.published is not None
        assert profiles.published[0] == second.run_id
        gate = profiles.gates["features"] = Gate()
        run = await service.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        answer = await service.http.post(f"/v1/runs/{first.run_id}/restore")
        assert (answer.status_code, run.run_id in answer.json()["detail"]) == (409, True)
        gate.opened.set()
        assert (await service.held.trainer.ended(run.run_id)).status is RunStatus.SUCCEEDED
        assert (await service.http.post("/v1/runs/nope/restore")).status_code == 404


async def test_a_deleted_run_is_gone_everywhere(start: Start) -> None:
    """It leaves the list, its artifacts and its assignments at profiles; the current one is 409 with the remedy."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        second = await trained(service, K3)
        assert (await service.http.delete(f"/v1/runs/{first.run_id}")).status_code == 204
        assert set(profiles.staged) == {second.run_id}
        listed = (await service.http.get(f"/v1/brands/{BRAND}/runs")).json()["items"]
        assert [run["run_id"] for run in listed] == [second.run_id]
        assert (await service.http.get(f"/v1/runs/{first.run_id}/map")).status_code == 404
        refused = await service.http.delete(f"/v1/runs/{second.run_id}")
        assert (refused.status_code, "restore another" in refused.json()["detail"]) == (409, True)
        assert profiles.clusters


async def test_a_run_that_failed_leaves_nothing_at_profiles(start: Start) -> None:
    """Assignments that were staged before the failure are removed."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        profiles.refuse["publish"] = 500
        failed = await trained(service, K3)
        assert failed.status is RunStatus.FAILED
        profiles.refuse.clear()
        await trained(service)
        assert failed.run_id not in profiles.staged
        assert first.run_id in profiles.staged


async def test_a_run_cut_off_while_it_was_published_is_taken_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where profiles showed it already, the next start has the run before shown again and calls the dead one failed."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        before = dict(profiles.clusters)

        async def dies(*_: object, **__: object) -> None:
            raise PeerUnavailableError("store", "the process is gone")

        with monkeypatch.context() as patched:
            patched.setattr(service.held.store.runs, "finish", dies)
            patched.setattr(service.held.ended, "take_back", dies)
            cut_off = await trained(service, K3)
        assert profiles.published is not None
        assert profiles.published[0] == cut_off.run_id
        owner = service.held.trainer._owner
        async with start(profiles) as next_start:
            ended = next_start.held.ended
            assert await next_start.held.store.runs.fail_lapsed(ended.take_back, [owner]) == 1
            assert (await next_start.held.store.runs.find(cut_off.run_id)).status is RunStatus.FAILED
            assert profiles.published == (first.run_id, before)
            assert await current(next_start) == first.run_id


async def test_a_run_tells_what_became_of_the_clusters_before(start: Start) -> None:
    """The second run keeps both ids and says so; the first has nothing before it."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        second = await trained(service, RunRequest(k=2, seed=9))
        assert (first.before, first.lineage) == (None, None)
        assert second.lineage is not None
        assert (second.before, second.lineage.kept, second.lineage.moved) == (first.run_id, [0, 1], 0)
        told = (await service.http.get(f"/v1/runs/{second.run_id}")).json()
        assert told["lineage"]["ari"] == 1.0


async def test_two_runs_are_compared_as_in_the_contract(start: Start) -> None:
    """Every field of the contract; runs of two brands are 422, of one that failed 409, unknown ones 404."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        first = await trained(service)
        second = await trained(service, K3)
        found = (await service.http.get(f"/v1/runs/{first.run_id}/diff/{second.run_id}")).json()
        assert {"ari", "moved", "kept", "split", "merged", "new", "gone"} <= found.keys()
        assert all({"from", "into"} == each.keys() for each in found["split"])
        profiles.brand = "delta"
        elsewhere = await trained(service, K2, "delta")
        answer = await service.http.get(f"/v1/runs/{first.run_id}/diff/{elsewhere.run_id}")
        assert (answer.status_code, "one brand and basis" in answer.json()["detail"]) == (422, True)
        failed = await trained(service, RunRequest(k=50), "delta")
        answer = await service.http.get(f"/v1/runs/{elsewhere.run_id}/diff/{failed.run_id}")
        assert (answer.status_code, "is failed" in answer.json()["detail"]) == (409, True)
        del profiles.staged[first.run_id]
        answer = await service.http.get(f"/v1/runs/{first.run_id}/diff/{second.run_id}")
        assert (answer.status_code, "no assignments" in answer.json()["detail"]) == (409, True)
        assert (await service.http.get(f"/v1/runs/{first.run_id}/diff/nope")).status_code == 404
